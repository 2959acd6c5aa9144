// Making an account. What a guest did, chose and ordered comes along.
import { api } from "../api.js";
import { flush } from "../events.js";
import { aboutYou } from "../parts/about_you.js";
import { el } from "../parts/dom.js";
import { field, form, nextHref, orNull } from "../parts/form.js";
import { say } from "../parts/notice.js";
import { who } from "../parts/visitor.js";
import { go, heading } from "../router.js";

export default function register(_, filter) {
  const next = nextHref(filter);
  return { title: "Make an account", node: el("div.narrowpage", {}, heading("Make an account"), form([
    field("email", "Email", { type: "email", required: true, autocomplete: "username", maxlength: 254 }),
    field("password", "Password", { type: "password", required: true, minlength: 8, autocomplete: "new-password", maxlength: 1024 }, { hint: "8 characters or more." }),
    ...aboutYou(),
  ], "Make the account", async ({ email, password, ...about }) => {
    await flush();
    await api.register({ email, password, ...orNull(about) });
    await who(true);
    say("Welcome. You are signed in.");
    await go(next, { replace: true });
  }, { conflict: "There is an account with this email already.", rate_limited: "Too many tries. Please wait a little before the next." }),
  el("p", {}, "You have one? ", el("a", { href: "/login" }, "Sign in"))) };
}
