// The start of the console: who may, which part stands at which path, and going between them without loading anew.
import { api } from "./ask.js";
import { el, fill } from "../parts/dom.js";
import { field, form } from "../parts/form.js";
import { failed, say } from "../parts/notice.js";

const PARTS = [
  ["", "overview", "Overview"], ["models", "models", "Models"], ["training", "training", "Training"], ["tuning", "tuning", "Tuning"], ["imports", "imports", "Imports"],
  ["catalogue", "catalogue", "Catalogue"], ["users", "users", "People"], ["experiments", "experiments", "Experiments"], ["rules", "rules", "Rules"],
  ["playground", "playground", "Playground"], ["map", "map", "Map"],
];
const main = document.getElementById("main"), nav = document.getElementById("parts"), who = document.getElementById("who");
let leaving = new AbortController(), visit = 0;

const nameOf = () => location.pathname.replace(/^\/console\/?/, "");

/** A step to another part, or to other values of this one. */
export function go(href, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", href);
  return show();
}

async function show() {
  const mine = ++visit, part = PARTS.find(([at]) => at === nameOf());
  leaving.abort(); // timers and streams of the part that is left
  leaving = new AbortController();
  fill(nav, el("ul", {}, PARTS.map(([at, , title]) => el("li", {}, el("a", { href: "/console" + (at && "/" + at), "aria-current": part?.[0] === at ? "page" : null }, title)))));
  nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.title = `${part?.[2] ?? "Nothing here"} · Console · Aisle`;
  const heading = el("h1", { tabindex: "-1" }, part?.[2] ?? "Nothing here");
  try {
    if (!part) return fill(main, heading, el("p", {}, "The console has no such part."));
    const module = await import(`./${part[1]}.js`);
    if (mine !== visit) return;
    fill(main, heading, module.default(new URLSearchParams(location.search), leaving.signal));
  } catch (fault) {
    if (mine !== visit) return;
    fill(main, heading, failed(fault, show));
  }
  if (visit > 1) heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/* The shop is open on its own machine until it has a key or an administrator: then nobody need sign in. */
async function mayEnter() {
  const { user } = await api.session();
  if (user?.admin) {
    fill(who, user.name ?? user.email, " ", el("button.button.quiet", { type: "button", onclick: async () => {
      await api.signOut();
      location.reload();
    } }, "Sign out"));
    return true;
  }
  if (await api.jobs(1).then(() => true, (fault) => { if (fault.status !== 401 && fault.status !== 403) throw fault; })) {
    fill(who, "Open to this machine");
    return true;
  }
  if (user) fill(who, user.email, " is no administrator");
  return false;
}

function signIn() {
  document.title = "Sign in · Console · Aisle";
  fill(nav);
  fill(main, el("div.narrowpage", {}, el("h1", {}, "Sign in"), el("p", {}, "The console is for administrators of the shop."), form([
    field("email", "Email", { type: "email", required: true, autocomplete: "username", maxlength: 254 }),
    field("password", "Password", { type: "password", required: true, autocomplete: "current-password", maxlength: 1024 }),
  ], "Sign in", async (values) => {
    await api.signIn(values);
    if (!(await mayEnter())) return say("This account is no administrator.");
    await show();
  }, { invalid_credentials: "Email or password is not right.", rate_limited: "Too many tries. Please wait a little before the next." })));
}

async function start() {
  try {
    if (!(await mayEnter())) return signIn();
  } catch (fault) {
    return fill(main, failed(fault, start, "h1"));
  }
  await show();
}

addEventListener("popstate", show);
document.addEventListener("click", (e) => {
  const link = e.target.closest?.("a[href]");
  if (!link || e.defaultPrevented || e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || link.origin !== location.origin) return;
  if (link.hash && link.pathname === location.pathname) {
    e.preventDefault();
    return document.getElementById(link.hash.slice(1))?.focus();
  }
  if (!/^\/console(\/|$)/.test(link.pathname)) return;
  e.preventDefault();
  go(link.href);
});
start();
