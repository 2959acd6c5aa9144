// Ids that nobody else has made: of events, and of requests that must not count twice.

/** 128 bits as text. Works without TLS, too, where crypto.randomUUID does not. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}
