// Products by id, asked for once a page load: for lists of which only the ids are known.
import { api } from "../api.js";

const asked = new Map();

/** Resolves to the product, or to null where it is not (any more). */
export function productOf(id) {
  if (!asked.has(id)) asked.set(id, api.product(id).catch(() => null));
  return asked.get(id);
}
