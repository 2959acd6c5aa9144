// Elements out of values. Text is always put in as text: nothing here, and nothing that uses it, parses HTML.

/** el("a.button.big", {href, onclick, hidden: true}, "text", [more]) — false, null and undefined children are left out. */
export function el(spec, attributes, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  if (classes.length) node.className = classes.join(" ");
  set(node, attributes);
  node.append(...flat(children));
  return node;
}

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(node, attributes);
  node.append(...flat(children));
  return node;
}

function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
}

function flat(children) {
  return children.flat(4).filter((c) => c !== null && c !== undefined && c !== false).map((c) => (c instanceof Node ? c : String(c)));
}

export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Resolves in a task of its own, so that what was begun goes on in short pieces and the visitor is answered in between. */
export const pause = () => new Promise((resolve) => setTimeout(resolve));

let ids = 0;
export const newId = (what) => `${what}-${++ids}`;
