// The start: what every page has around it, then the page itself.
import { header } from "./parts/header.js";
import { start } from "./router.js";

header();
start();
