// Who the visitor is and what is in the cart: one copy, and those who want to hear of changes.
import { api } from "../api.js";

const listeners = new Set();
export const visitor = { user: null, cart: null };
const EMPTY = { version: 0, items: [], count: 0, total: 0, currency: null, changes: [] };
let known = null;

const changed = () => listeners.forEach((f) => f(visitor));

export function onVisitor(f) {
  listeners.add(f);
}

/** Asked once a page load, and after signing in or out. */
export function who(anew = false) {
  if (!known || anew) known = load();
  return known;
}

async function load() {
  const { user, session } = await api.session();
  visitor.user = user;
  visitor.cart = session ? await api.cart().catch(() => EMPTY) : EMPTY;
  changed();
  return visitor;
}

export function cartIs(cart) {
  visitor.cart = cart;
  changed();
  return cart;
}

export async function signedOut() {
  await api.signOut();
  forgetViews();
  await who(true);
}

/* ---- what this browser looked at last, for "because you viewed" ---- */

const VIEWS = "aisle.views", MOST = 8;

export function views() {
  try {
    const list = JSON.parse(localStorage.getItem(VIEWS));
    return Array.isArray(list) ? list.filter((v) => typeof v?.id === "string") : [];
  } catch {
    return [];
  }
}

export function viewed(id, title) {
  const list = [{ id, title }, ...views().filter((v) => v.id !== id)].slice(0, MOST);
  try {
    localStorage.setItem(VIEWS, JSON.stringify(list));
  } catch { /* a browser that keeps nothing: the row is left out */ }
}

export function forgetViews() {
  try {
    localStorage.removeItem(VIEWS);
  } catch { /* as above */ }
}
