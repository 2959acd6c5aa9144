// The API as the console asks it. Errors are the shop's Problem, as everywhere.
import { Problem, query } from "../api.js";

/* match: the version that a change is for; another is a conflict. */
async function ask(method, path, body, { type = "application/json", match } = {}) {
  const sent = { method, headers: {}, credentials: "same-origin" };
  if (body !== undefined) {
    sent.body = type === "application/json" ? JSON.stringify(body) : body;
    sent.headers["Content-Type"] = type;
  }
  if (match !== undefined) sent.headers["If-Match"] = `"${match}"`;
  let answer;
  try {
    answer = await fetch(path, sent);
  } catch {
    throw new Problem(0);
  }
  if (answer.status === 204) return null;
  if (answer.headers.get("Content-Type")?.startsWith("text/plain")) return answer.text();
  const json = await answer.json().catch(() => null);
  if (!answer.ok) throw new Problem(answer.status, json);
  return json;
}

function path(parts, ...values) {
  return parts.reduce((all, part, i) => all + encodeURIComponent(values[i - 1]) + part);
}

export const api = {
  session: () => ask("GET", "/v1/session"),
  signIn: (body) => ask("POST", "/v1/session", body),
  signOut: () => ask("DELETE", "/v1/session"),

  metrics: () => ask("GET", "/metrics"),
  jobs: (limit) => ask("GET", "/v1/admin/jobs" + query({ limit })),
  job: (id) => ask("GET", path`/v1/admin/jobs/${id}`),
  cancel: (id) => ask("DELETE", path`/v1/admin/jobs/${id}`),
  train: (settings) => ask("POST", "/v1/admin/trainings", settings),
  bring: (q, file) => ask("POST", "/v1/admin/imports" + query(q), file, { type: "application/octet-stream" }),
  rejects: (id, q) => ask("GET", path`/v1/admin/imports/${id}/rejects` + query(q)),
  tunings: (q) => ask("GET", "/v1/admin/tunings" + query(q)),
  tuning: (id) => ask("GET", path`/v1/admin/tunings/${id}`),
  trials: (id, q) => ask("GET", path`/v1/admin/tunings/${id}/trials` + query(q)),
  models: () => ask("GET", "/v1/admin/models"),
  modelReport: (version) => ask("GET", path`/v1/admin/models/${version}/report`),
  activate: (version) => ask("POST", path`/v1/admin/models/${version}/activate`),
  pin: (version) => ask("POST", path`/v1/admin/models/${version}/pin`),
  unpin: (version) => ask("DELETE", path`/v1/admin/models/${version}/pin`),
  map: () => ask("GET", "/v1/admin/models/current/map"),

  products: (q) => ask("GET", "/v1/products" + query(q)),
  product: (id) => ask("GET", path`/v1/products/${id}`),
  related: (id, q) => ask("GET", path`/v1/products/${id}/related` + query(q)),
  search: (q) => ask("GET", "/v1/search" + query(q)),
  users: (q) => ask("GET", "/v1/admin/users" + query(q)),
  deeds: (id, q) => ask("GET", path`/v1/admin/users/${id}/events` + query(q)),
  outcomes: (q) => ask("GET", "/v1/admin/outcomes" + query(q)),
  experiments: () => ask("GET", "/v1/admin/experiments"),
  putExperiments: (version, body) => ask("PUT", "/v1/admin/experiments", body, { match: version }),
  scenarios: () => ask("GET", "/v1/admin/scenarios"),
  rules: () => ask("GET", "/v1/admin/rules"),
  putRules: (body) => ask("PUT", "/v1/admin/rules", body),
  recommend: (body) => ask("POST", "/v1/recommendations", body),
};

/** Follows a job: heard(event) for each of its lines, in order; resolves when it has ended. `stop` is an AbortSignal. */
export function follow(id, heard, stop) {
  return new Promise((resolve) => {
    const stream = new EventSource(path`/v1/admin/jobs/${id}/events`);
    const end = () => {
      stream.close();
      resolve();
    };
    const hear = (e) => {
      if (e.data === undefined) return; // "error" is also the stream's own, when it breaks off
      const line = JSON.parse(e.data);
      heard(line);
      if (line.event === "state" && !["queued", "running"].includes(line.state)) end();
    };
    for (const name of ["state", "progress", "start", "iteration", "done", "error", "warning"]) stream.addEventListener(name, hear);
    stream.onerror = () => stream.readyState === EventSource.CLOSED && end();
    stop?.addEventListener("abort", end);
  });
}
