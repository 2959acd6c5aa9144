// The start: what every page has around it, then the page itself.
import { pause } from "./parts/dom.js";
import { warm } from "./parts/format.js";
import { header } from "./parts/header.js";
import { start } from "./router.js";

/* Each in a task of its own: a slow phone would stand still for all of it. */
start();
pause().then(header).then(warm);
