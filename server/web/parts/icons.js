// Outlines in a square of 24.
import { svg } from "./dom.js";

const PATHS = {
  person: "M12 12a4 4 0 1 0-.1 0zM4 21c0-9 16-9 16 0",
  heart: "M12 20S3.5 14.6 3.5 8.8C3.5 4.4 9.6 3.4 12 7.6c2.4-4.2 8.5-3.2 8.5 1.2C20.5 14.6 12 20 12 20z",
  bag: "M5 8h14l1 12H4zM8.5 10V7a3.5 3.5 0 0 1 7 0v3",
  lens: "M10.5 17a6.5 6.5 0 1 1 .1 0zM15.5 15.5 21 21",
};

export const icon = (name) => svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "icon" }, svg("path", { d: PATHS[name] }));
