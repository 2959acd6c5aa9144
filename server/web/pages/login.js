// Signing in. What a guest did joins the account.
import { api } from "../api.js";
import { flush } from "../events.js";
import { el } from "../parts/dom.js";
import { field, form, nextHref } from "../parts/form.js";
import { say } from "../parts/notice.js";
import { who } from "../parts/visitor.js";
import { go, heading } from "../router.js";

export default function login(_, filter) {
  const next = nextHref(filter);
  return { title: "Sign in", node: el("div.narrowpage", {}, heading("Sign in"), form([
    field("email", "Email", { type: "email", required: true, autocomplete: "username", maxlength: 254 }),
    field("password", "Password", { type: "password", required: true, autocomplete: "current-password", maxlength: 1024 }),
  ], "Sign in", async (values) => {
    await flush();
    await api.signIn(values);
    await who(true);
    say("You are signed in.");
    await go(next, { replace: true });
  }, { invalid_credentials: "Email or password is not right.", rate_limited: "Too many tries. Please wait a little before the next." }),
  el("p", {}, "New here? ", el("a", { href: "/register" + (next === "/" ? "" : "?next=" + encodeURIComponent(next)) }, "Make an account"))) };
}
