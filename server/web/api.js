// The JSON API. Every answer that is not good becomes a Problem, with what the server said of it.

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || (status ? `The shop answered ${status}.` : "Is the network there? Try again in a moment."));
    this.status = status;
    this.code = body?.code ?? (status ? "unknown" : "unreachable");
    this.errors = body?.errors ?? [];
    this.requestId = body?.request_id;
  }
}

/* cache "no-cache": what the browser kept is asked about again, after one has changed it oneself. */
async function ask(method, path, body, { headers, cache } = {}) {
  const sent = { method, headers: { ...headers }, credentials: "same-origin", cache: cache ?? "default" };
  if (body !== undefined) {
    sent.body = JSON.stringify(body);
    sent.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, sent);
  } catch {
    throw new Problem(0);
  }
  if (answer.status === 204) return null;
  const json = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

/** path`/v1/products/${id}`: the values are escaped. */
function path(parts, ...values) {
  return parts.reduce((all, part, i) => all + encodeURIComponent(values[i - 1]) + part);
}

/** Lists repeat their name; what is not there is left out. */
export function query(fields) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null && one !== "") q.append(name, one);
  const text = q.toString();
  return text ? "?" + text : "";
}

const fields = "title,brand,category,price,in_stock,rating,images";

export const api = {
  alive: () => ask("GET", "/healthz"),
  products: (q) => ask("GET", "/v1/products" + query({ fields, ...q })),
  product: (id) => ask("GET", path`/v1/products/${id}`),
  related: (id, q) => ask("GET", path`/v1/products/${id}/related` + query(q)),
  trending: (q) => ask("GET", "/v1/trending" + query(q)),
  categories: () => ask("GET", "/v1/categories"),
  search: (q) => ask("GET", "/v1/search" + query({ fields, ...q })),
  suggest: (q) => ask("GET", "/v1/search/suggest" + query({ q })),
  recommend: (body) => ask("POST", "/v1/recommendations", { explain: true, fields: fields.split(","), ...body }),

  mine: (id) => ask("GET", path`/v1/products/${id}/mine`),
  rate: (id, stars) => ask("PUT", path`/v1/products/${id}/rating`, { stars }),
  opinion: (id, opinion) => ask("PUT", path`/v1/products/${id}/opinion`, { opinion }),
  noOpinion: (id) => ask("DELETE", path`/v1/products/${id}/opinion`),
  reviews: (id, q, cache) => ask("GET", path`/v1/products/${id}/reviews` + query({ limit: 5, ...q }), undefined, { cache }),
  review: (id, body, key) => ask("POST", path`/v1/products/${id}/reviews`, body, { headers: { "Idempotency-Key": key } }),
  changeReview: (id, body) => ask("PATCH", path`/v1/reviews/${id}`, body),
  removeReview: (id) => ask("DELETE", path`/v1/reviews/${id}`),
  vote: (id, helpful) => ask("POST", path`/v1/reviews/${id}/votes`, { helpful }),
  wishes: (cursor) => ask("GET", "/v1/wishlist/items" + query({ limit: 24, cursor })),
  wish: (id) => ask("PUT", path`/v1/wishlist/items/${id}`),
  unwish: (id) => ask("DELETE", path`/v1/wishlist/items/${id}`),

  session: () => ask("GET", "/v1/session"),
  signIn: (body) => ask("POST", "/v1/session", body),
  signOut: () => ask("DELETE", "/v1/session"),
  register: (body) => ask("POST", "/v1/account", body),
  changeAccount: (body) => ask("PATCH", "/v1/account", body),
  eraseAccount: (password) => ask("DELETE", "/v1/account", { password }),
  changePassword: (body) => ask("POST", "/v1/account/password", body),
  sessions: () => ask("GET", "/v1/sessions"),
  endSession: (id) => ask("DELETE", path`/v1/sessions/${id}`),

  cart: () => ask("GET", "/v1/cart"),
  putInCart: (id, body) => ask("PUT", path`/v1/cart/items/${id}`, body),
  takeFromCart: (id) => ask("DELETE", path`/v1/cart/items/${id}`),
  noteCart: () => ask("PATCH", "/v1/cart", { items: {} }),
  order: (body, key) => ask("POST", "/v1/orders", body, { headers: { "Idempotency-Key": key } }),
  orders: (cursor) => ask("GET", "/v1/orders" + query({ cursor })),
  oneOrder: (id) => ask("GET", path`/v1/orders/${id}`),
  cancelOrder: (id) => ask("POST", path`/v1/orders/${id}/cancellation`),
};
