// What an import notes about rows, in words.
export const REASONS = {
  unreadable: "The line is no row", "bad-utf8": "Not UTF-8", "html-entity": "HTML entities in a text", "no-user": "No user", "no-item": "No product", "no-description": "No description",
  "bad-number": "A number that is none", "bad-time": "A time that is none", "bad-type": "An event type that is none", "duplicate-row": "The same row again", cancellation: "A cancellation",
  "negative-quantity": "A negative quantity", "bad-price": "A price that is none", "bad-image": "An image that no page may load", "not-a-product": "Postage and the like", "id-too-long": "An id of more than 255 bytes", "too-deep": "Attributes of too many levels",
  "below-core": "Too few events of the user or product", known: "Known already",
};
