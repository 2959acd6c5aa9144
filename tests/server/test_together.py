"""Questions that arrive in one turn of a loop are scored together, and answered as each is alone."""
import contextlib
import json
import signal
import socket
import sqlite3
import unittest

import shop

DIVERSE = {"diversity": 0.4}
BOOSTED = {"boost": [{"filter": {"price_max": 3000}, "by": 1.7}]}
TWICE = {"boost": [{"filter": {"price_min": 2000}, "by": 2}, {"filter": {"rating_min": 3}, "by": 0.6}]}
WISHES = [{}, DIVERSE, BOOSTED, TWICE, {"max_per_brand": 1}, {"filter": {"price_min": 1500}}, {"min_score": 0.1},
          {"filter": {"not": {"price_max": 800}}, **BOOSTED, **DIVERSE, "max_per_category": 3}, {"explain": True},
          {"scenario": "home"}, {"scenario": "product", "items": ["p7"]}, {"scenario": "email", **DIVERSE},
          {"scenario": "home", **BOOSTED, "filter": {"price_max": 5000}}, {"scenario": "home", "explain": True},
          {"fields": ["attributes", "description", "images", "rating"], "explain": True}]


def questions():
    """Every wish of users, sessions and nobody, and lists of questions."""
    for n, wish in enumerate(WISHES):
        yield {"user": f"u{3 * n + 1}", "limit": 5 + n, **wish}
        yield {"user": f"u{3 * n + 2}", "limit": 12, **wish}
        yield {"session": f"nobody-{n}", "items": ["p3", f"p{n + 20}"], **wish}
    yield {"requests": [{"user": "u4", **w} for w in WISHES[:6]], "distinct": True}
    yield {"user": "u5", "limit": 3, **BOOSTED, "boost": [{"filter": {"price_max": "much"}, "by": 2}]}


def said(status, body):
    """An answer without what is another each time."""
    found = json.loads(body)
    for one in [found, *found.get("results", [])]:
        for name in ("recommendation_id", "took_ms", "next", "request_id", "instance"):
            one.pop(name, None)
    return status, found


class Together(unittest.TestCase):
    def serving(self, quantize, statement=None):
        """statement: done in the store before, with what it wants."""
        scope = contextlib.ExitStack()
        self.addCleanup(scope.close)
        data = scope.enter_context(shop.folder())
        if statement:
            with contextlib.closing(sqlite3.connect(data / "aisle.db")) as db, db:
                db.execute(*statement)
        shop.train(data, model="als", quantize=quantize)
        server = shop.Server(data, "--loops", "1")
        scope.callback(server.log.close)
        scope.callback(server.stop)
        return server

    def at_once(self, server, bodies):
        """All have arrived before the server reads the first: it stands still meanwhile."""
        connections = [server.connection() for _ in bodies]
        for c in connections:
            c.connect()
            c.request("GET", "/healthz")
            c.getresponse().read()
        server.process.send_signal(signal.SIGSTOP)
        for c, body in zip(connections, bodies):
            c.request("POST", "/v1/recommendations", json.dumps(body), {"Content-Type": "application/json"})
        server.process.send_signal(signal.SIGCONT)
        answers = []
        for c in connections:
            r = c.getresponse()
            answers.append(said(r.status, r.read()))
            c.close()
        return answers

    def compare(self, quantize):
        server = self.serving(quantize)
        bodies = list(questions())
        alone = [said(a.status, a.body) for a in (server.post("/v1/recommendations", b) for b in bodies)]
        self.assertEqual([status for status, _ in alone], [200] * (len(bodies) - 1) + [422])
        for _ in range(3):
            for want, got, body in zip(alone, self.at_once(server, bodies), bodies):
                self.assertEqual(want, got, body)
            bodies.append(bodies.pop(0))
            alone.append(alone.pop(0))

    def test_through_a_compact_table(self):
        self.compare("int8")

    def test_without_one(self):
        self.compare("f32")

    def test_what_is_posted_meanwhile_counts_for_who_asks_later(self):
        server = self.serving("int8")
        ask = {"session": "s", "limit": 50, **BOOSTED}
        before = self.at_once(server, [ask] * 40)
        self.assertEqual(before[0][0], 200, before[0])
        top = before[0][1]["items"][0]["id"]
        self.assertTrue(all(a == before[0] for a in before))
        server.post("/v1/events", [{"type": "dislike", "session": "s", "item": top}])
        for status, answer in self.at_once(server, [ask] * 40):
            self.assertEqual(status, 200)
            self.assertNotIn(top, [i["id"] for i in answer["items"]])

    def test_more_than_a_loop_may_be_held_up_by_on_connections_with_a_second_question(self):
        """Each is answered, the second after the first, however many turns it takes."""
        server = self.serving("int8")
        asks = [{"user": f"u{n}", "limit": 40, "diversity": 0.3, **(BOOSTED if n % 2 else TWICE)} for n in range(80)]
        want = [said(a.status, a.body) for a in (server.post("/v1/recommendations", a) for a in asks)]
        sockets = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(40)]
        server.process.send_signal(signal.SIGSTOP)
        for n, s in enumerate(sockets):
            for body in (json.dumps(asks[n]), json.dumps(asks[n + 40])):
                s.sendall(f"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        server.process.send_signal(signal.SIGCONT)
        for n, s in enumerate(sockets):
            got = []
            with s, s.makefile("rb") as stream:
                for _ in range(2):
                    status = int(stream.readline().split()[1])
                    length = [int(h[15:]) for h in iter(stream.readline, b"\r\n") if h.lower().startswith(b"content-length:")][0]
                    got.append(said(status, stream.read(length)))
            self.assertEqual(got, [want[n], want[n + 40]])

    def test_texts_that_an_older_import_took_are_answered_wherever_it_is_done(self):
        """Attributes nested as deep as the parser goes: null; long texts: whole."""
        deep, long = '{"a":' * 2040 + "1" + "}" * 2040, "long " * 40000
        server = self.serving("int8", ("UPDATE products SET attributes = ?, description = ?", (deep, long)))
        asks = [{"user": f"u{n}", "limit": 3 + n % 2, "fields": ["attributes", "title", "description"]} for n in range(4)]
        for status, answer in [*self.at_once(server, asks), *self.at_once(server, asks[:1])]:
            self.assertEqual(status, 200)
            for item in answer["items"]:
                self.assertEqual((item["attributes"], item["description"]), (None, long))
        product = "/v1/products/" + answer["items"][0]["id"]
        self.assertIsNone(server.get(product).json["attributes"])
        self.assertIsNone(server.process.poll())


if __name__ == "__main__":
    unittest.main()
