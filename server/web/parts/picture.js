// A picture for a product: the shop's own, or one drawn from what is known of it. The same product always gets the same drawing.
import { el, svg } from "./dom.js";

/* Lines in a square of 100, by words of the category; the first that fits. */
const SHAPES = [
  [/dress/i, "M38 20h24l-4 18 14 42H28l14-42z"],
  [/trouser|workwear/i, "M34 20h32l4 60H55l-5-38-5 38H30z"],
  [/shoe|boot/i, "M22 34h18l8 16 24 7c6 2 8 7 8 13H22z M22 62h58"],
  [/coat|jacket/i, "M36 20h28l14 14-6 18-6-4v32H34V48l-6 4-6-18z M50 24v56 M44 20l6 10 6-10"],
  [/top|shirt|cloth/i, "M36 22c4 8 24 8 28 0l16 12-8 14-8-5v35H36V43l-8 5-8-14z"],
  [/hat|scar/i, "M18 66h64 M30 66c0-24 6-34 20-34s20 10 20 34 M30 58h40"],
  [/sock|belt/i, "M38 20h20v32l14 12c4 8-4 16-14 12L42 64c-4-3-4-6-4-10z M38 30h20"],
  [/bag|luggage|travel/i, "M26 40h48l6 40H20z M38 46V34c0-16 24-16 24 0v12"],
  [/knive|knife|utensil/i, "M36 82V54c-8-6-8-26 0-36v64 M62 82V52 M54 18v22c0 8 16 8 16 0V18 M62 18v26"],
  [/cook|kitchen|bake|board/i, "M22 42h48v22c0 8-4 12-12 12H34c-8 0-12-4-12-12z M70 48h16 M34 32v-8 M46 32v-8 M58 32v-8"],
  [/glass/i, "M34 20h32c0 24-6 32-16 32s-16-8-16-32z M50 52v26 M36 78h28"],
  [/table|dining|cup|mug|drink|tea|coffee/i, "M26 34h40v26c0 10-6 16-16 16h-8c-10 0-16-6-16-16z M66 40h6c12 0 12 20 0 20h-6"],
  [/light|lamp/i, "M38 20h24l12 28H26z M50 48v30 M36 78h28"],
  [/cushion|bed|soft|rug|textile/i, "M24 28c16 6 36 6 52 0-6 16-6 30 0 46-16-6-36-6-52 0 6-16 6-30 0-46z"],
  [/candle/i, "M38 40h24v38H38z M50 40v-8 M50 16c8 8 6 14 0 16-6-2-8-8 0-16z"],
  [/pot|plant|garden/i, "M32 54h36l-5 26H37z M50 54V34 M50 40c-14 0-18-8-18-16 12 0 18 6 18 16z M50 34c0-10 6-16 16-16 0 10-4 16-16 16z"],
  [/tool|diy|hardware/i, "M28 24h34c8 0 12 4 14 10H62v6H28z M42 40h12v42H42z"],
  [/phone|tablet/i, "M36 16h28c3 0 5 2 5 5v58c0 3-2 5-5 5H36c-3 0-5-2-5-5V21c0-3 2-5 5-5z M46 76h8"],
  [/audio|headphone|music/i, "M24 60V52c0-36 52-36 52 0v8 M20 56h12v22H20z M68 56h12v22H68z"],
  [/comput|laptop|electr|tech|tv|camera|gam/i, "M24 26h52v36H24z M14 74h72 M40 62v12 M60 62v12"],
  [/beauty|skin|hair|care|make|perfume|health/i, "M40 40h20c6 4 8 8 8 14v26H32V54c0-6 2-10 8-14z M44 40V26h12v14 M32 60h36"],
  [/book|paper|station|office/i, "M50 30c-8-6-18-6-28-4v46c10-2 20-2 28 4 8-6 18-6 28-4V26c-10-2-20-2-28 4z M50 30v46"],
  [/toy|kid|baby/i, "M50 34c16 0 24 10 24 22S64 80 50 80 26 68 26 56s8-22 24-22z M32 38c-12-2-12-18 2-16 M68 38c12-2 12-18-2-16 M42 54v2 M58 54v2 M45 66c3 3 7 3 10 0"],
  [/pet|dog|cat/i, "M50 50c10 0 18 10 18 18s-8 10-18 10-18-2-18-10 8-18 18-18z M28 40a5 7 0 1 0 .1 0z M42 24a5 7 0 1 0 .1 0z M58 24a5 7 0 1 0 .1 0z M72 40a5 7 0 1 0 .1 0z"],
  [/sport|outdoor|fit|cycl|bike|camp/i, "M50 20a30 30 0 1 0 .1 0z M50 20c-14 18-14 42 0 60 M50 20c14 18 14 42 0 60 M20 50h60"],
  [/food|grocer|sweet|spice|snack|pantry/i, "M32 34h36v40c0 4-2 6-6 6H38c-4 0-6-2-6-6z M36 22h28v12H36z M32 48h36v16H32z"],
];
const BOX = "M24 36l26-12 26 12v30L50 78 24 66z M24 36l26 12 26-12 M50 48v30";

/* Hue, saturation and lightness of the colours that titles name, in whole words ("embroidered" is not red); others take the
 * hue of their category. */
const COLOURS = [
  [/\b(?:black|charcoal|carbon|anthracite)\b/i, 220, 8, 42], [/\b(?:white|ivory|cream|natural|ecru)\b/i, 45, 30, 88], [/\b(?:gr[ea]y|silver|steel|slate)\b/i, 215, 12, 68],
  [/\b(?:navy|petrol|indigo|midnight)\b/i, 215, 42, 48], [/\b(?:teal|turquoise|aqua|mint)\b/i, 172, 38, 66], [/\b(?:sky|blue)\b/i, 207, 52, 70],
  [/\b(?:burgundy|wine|bordeaux|plum)\b/i, 340, 38, 50], [/\b(?:red|cherry|scarlet|rust|terracotta)\b/i, 8, 52, 64], [/\b(?:blush|pink|rose|coral)\b/i, 350, 58, 80],
  [/\b(?:olive|moss|forest|green|sage)\b/i, 120, 24, 62], [/\b(?:yellow|mustard|gold|lemon)\b/i, 44, 68, 70], [/\b(?:orange|amber)\b/i, 28, 68, 70],
  [/\b(?:brown|walnut|oak|camel|sand|beige|tan|hardwood)\b/i, 32, 34, 68], [/\b(?:violet|purple|lilac|lavender)\b/i, 272, 36, 74],
];

export function hash(text) {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.codePointAt(0), 16777619);
  return h >>> 0;
}

function drawing(product, label) {
  const category = product.category ?? "", title = product.title ?? product.id, h = hash(product.id);
  const named = COLOURS.find(([word]) => word.test(title));
  const [hue, sat, light] = named ? named.slice(1) : [hash(category) % 360, 32, 74];
  const path = (SHAPES.find(([word]) => word.test(category.split(" > ").reverse().join(" "))) ?? [0, BOX])[1];
  const turn = (h % 9) - 4, x = 18 + ((h >>> 4) % 64), y = 18 + ((h >>> 10) % 64);
  const node = svg("svg", { viewBox: "0 0 100 100", role: label ? "img" : null, "aria-label": label, "aria-hidden": label ? null : "true", class: "drawn" },
    svg("rect", { width: 100, height: 100, class: "back" }),
    svg("circle", { cx: x, cy: y, r: 26 + ((h >>> 16) % 14), class: "tint glow" }),
    svg("g", { transform: `rotate(${turn} 50 50) translate(8 8) scale(.84)` }, svg("path", { d: path, class: "tint ink" })));
  for (const [name, value] of [["--hue", hue], ["--sat", `${sat}%`], ["--light", `${light}%`]]) node.style.setProperty(name, value);
  return node;
}

/** In a frame of fixed shape, so that nothing moves when an image comes. label: also said; without one it is decoration. */
export function picture(product, { label, eager } = {}) {
  const frame = el("span.picture", {});
  const image = product.images?.[0];
  if (!image) {
    frame.append(drawing(product, label));
    return frame;
  }
  frame.append(el("img", {
    src: image.url, alt: label ? image.alt ?? label : "", width: image.width ?? 800, height: image.height ?? 800,
    loading: eager ? "eager" : "lazy", decoding: "async", referrerpolicy: "no-referrer",
    onerror: () => frame.replaceChildren(drawing(product, label)),
  }));
  return frame;
}
