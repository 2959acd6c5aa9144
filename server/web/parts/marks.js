// Highlights come as escaped HTML whose only tag is <mark>. They are taken apart here, so that no text is ever parsed as HTML.
import { el } from "./dom.js";

const NAMED = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&#x27;": "'", "&apos;": "'" };
const plain = (text) => text.replace(/&(?:amp|lt|gt|quot|apos|#39|#x27);/g, (e) => NAMED[e]);

export function marked(html) {
  return html.split(/(<mark>.*?<\/mark>)/s).filter(Boolean).map((part) =>
    part.startsWith("<mark>") ? el("mark", {}, plain(part.slice(6, -7))) : plain(part));
}
