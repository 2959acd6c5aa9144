// What the visitor sees, opens and does, told to the shop in batches. One event an impression or view; each carries the
// recommendation it came from. Sent soon, and with a beacon when the page goes away; the shop says what time it is.
import { randomId } from "./parts/random.js";

const queue = [];
const LATER_MS = 1500, MOST = 100;
let timer = 0, sending = Promise.resolve();

/** type: view, click, impression ...; from: {recommendation_id, position}, or nothing. */
export function tell(type, item, from) {
  const event = { event_id: randomId(), type, item };
  if (from?.recommendation_id) event.recommendation_id = from.recommendation_id;
  if (from?.position) event.position = from.position;
  queue.push(event);
  if (queue.length >= MOST) flush();
  else if (!timer) timer = setTimeout(flush, LATER_MS);
}

/** Resolves when the shop has heard of everything so far, or cannot be told now. */
export function flush() {
  clearTimeout(timer);
  timer = 0;
  if (queue.length) sending = sending.then(() => send(queue.splice(0, MOST)));
  return sending;
}

async function send(events) {
  if (!events.length) return;
  try {
    const answer = await fetch("/v1/events", {
      method: "POST", keepalive: true, credentials: "same-origin",
      headers: { "Content-Type": "application/json" }, body: JSON.stringify(events),
    });
    if (answer.status === 429 || answer.status >= 500) again(events);
  } catch {
    again(events);
  }
}

/* The ids make it safe to send an event twice. A shop that stays away is not flooded when it is back. */
function again(events) {
  if (queue.length < 3 * MOST) queue.unshift(...events);
  timer ||= setTimeout(flush, 10000);
}

function leave() {
  if (!queue.length) return;
  const body = new Blob([JSON.stringify(queue.slice(0, MOST))], { type: "application/json" });
  if (navigator.sendBeacon("/v1/events", body)) queue.splice(0, MOST);
}

addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());

/* A card counts as seen when half of it was in sight for a second. */
const waiting = new WeakMap(), known = new WeakMap();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    clearTimeout(waiting.get(target));
    if (isIntersecting) waiting.set(target, setTimeout(() => {
      watcher.unobserve(target);
      tell("impression", ...known.get(target));
    }, 1000));
  }
}, { threshold: 0.5 });

export function watch(node, item, from) {
  known.set(node, [item, from]);
  watcher.observe(node);
}
