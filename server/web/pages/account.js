// The account: who one is, where one is signed in, the password, and the end of it.
import { api } from "../api.js";
import { aboutYou } from "../parts/about_you.js";
import { el, fill } from "../parts/dom.js";
import { day } from "../parts/format.js";
import { field, form, orNull } from "../parts/form.js";
import { into, say } from "../parts/notice.js";
import { forgetViews, signedOut, visitor, who } from "../parts/visitor.js";
import { go, heading } from "../router.js";

const wrong = { invalid_credentials: "The password is not right.", rate_limited: "Too many tries. Please wait a little before the next." };

function sessions() {
  const place = el("ul.lines", {});
  const show = ({ items }) => items.map((s) => el("li", {}, el("div.what", {}, el("p", {}, s.agent ?? "Unknown browser"), el("p.small", {}, `Last used ${day(s.last_used)}`)),
    s.current ? el("span.state", {}, "This browser") : el("button.button.quiet", { type: "button", onclick: async () => {
      await api.endSession(s.id).catch((fault) => say(fault.message));
      into(place, api.sessions, show);
    } }, "Sign out there")));
  into(place, api.sessions, show);
  return place;
}

function show(user) {
  return [
    el("p", {}, user.email, " · ", el("a", { href: "/orders" }, "Your orders"), " · ", el("a", { href: "/wishlist" }, "Your wishlist")),
    el("section", {}, el("h2", {}, "About you"), form(aboutYou(user), "Save", async (values) => {
      visitor.user = (await api.changeAccount(orNull(values))) ?? visitor.user;
      await who(true);
      say("Saved.");
    })),
    el("section", {}, el("h2", {}, "Where you are signed in"), sessions(),
      el("button.button", { type: "button", onclick: async () => {
        try {
          await signedOut();
          say("You are signed out.");
          await go("/");
        } catch (fault) {
          say(fault.message);
        }
      } }, "Sign out")),
    el("section", {}, el("h2", {}, "Password"), form([
      field("current_password", "Password now", { type: "password", required: true, autocomplete: "current-password" }),
      field("new_password", "New password", { type: "password", required: true, minlength: 8, maxlength: 1024, autocomplete: "new-password" }, { hint: "8 characters or more." }),
    ], "Change the password", async (values) => {
      await api.changePassword(values);
      say("The password is changed.");
    }, wrong)),
    el("section", {}, el("h2", {}, "Your data"), el("p", {}, el("a", { href: "/v1/account/export", download: "account.json" }, "Download all that the shop holds of you")),
      el("details", {}, el("summary", {}, "Delete the account"), el("p", {}, "All that is held of you is erased, for good. Orders stay for the books, without your name."), form([
        field("password", "Password", { type: "password", required: true, autocomplete: "current-password" }),
      ], "Delete it for good", async ({ password }) => {
        await api.eraseAccount(password);
        forgetViews();
        await who(true);
        say("The account is gone.");
        await go("/", { replace: true });
      }, wrong))),
  ];
}

export default function account() {
  const place = el("div.account", {});
  who(true).then(() => (visitor.user ? fill(place, show(visitor.user)) : go("/login?next=/account", { replace: true })), (fault) => say(fault.message));
  return { title: "Your account", node: [heading("Your account"), place] };
}
