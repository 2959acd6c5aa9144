"""What moves now: decayed counts of the newest events, by windows."""
import datetime
import math
import time
import unittest

import shop

HOURS = {"1h": 1, "6h": 6, "24h": 24, "3d": 72, "7d": 168, "30d": 720}
WEIGHT = {"view": .3, "add_to_cart": 1, "purchase": 2}


def ago(hours):
    return (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Trending(unittest.TestCase):
    """Every test has a server of its own: what it counts is then nobody else's."""

    def setUp(self):
        scope = shop.serving()
        self.server = scope.__enter__()
        self.addCleanup(scope.__exit__, None, None, None)
        self.products = self.server.get("/v1/products", limit=100).json["items"]
        self.ids = [p["id"] for p in self.products if p["in_stock"]]
        self.sent = 0

    def trending(self, window=None, **query):
        answer = self.server.get("/v1/trending", **({"window": window} if window else {}), **query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def listed(self, window=None, **query):
        return [i["id"] for i in self.trending(window, **query)["items"]]

    def send(self, *events):
        """(type, item, hours ago), each by another visitor."""
        body = []
        for type, item, hours in events:
            self.sent += 1
            body.append({"event_id": f"trend-{self.sent}", "type": type, "session": f"s{self.sent}", "item": item, "time": ago(hours)})
        answer = self.server.post("/v1/events", body)
        self.assertEqual((answer.status, answer.json.get("stored")), (200, len(body)), answer.body)

    def await_list(self, wanted, window, **query):
        end = time.monotonic() + 30
        while (got := self.listed(window, **query)) != wanted:
            self.assertLess(time.monotonic(), end, f"{window}: {wanted} wanted, {got} there")
            time.sleep(.05)

    def test_without_recent_events_the_model_answers_and_says_so(self):
        plain = self.trending()
        self.assertEqual((plain["source"], "window" in plain), ("model", False))
        for window in HOURS:
            got = self.trending(window)
            self.assertEqual((got["source"], got["window"]), ("model", window))
            self.assertEqual(got["items"], plain["items"])
            self.assertNotEqual(got["recommendation_id"], plain["recommendation_id"])

    def test_counts_are_those_of_the_formula(self):
        a, b, c, d = self.ids[:4]
        done = [("purchase", a, 0), ("view", b, 0), ("view", b, 2), ("add_to_cart", c, 5), ("purchase", c, 30), ("purchase", d, 100)]
        self.send(*done)
        self.await_list([c, a, d, b], "30d", limit=5)
        for window, hours in HOURS.items():
            got = self.trending(window)
            self.assertEqual(got["source"], "events")
            want = {}
            for id in {i for _, i, h in done if h < hours}:
                want[id] = sum(WEIGHT[t] * math.exp(-2 * h / hours) for t, i, h in done if i == id)
            scores = {i["id"]: i["score"] for i in got["items"]}
            self.assertEqual(set(scores), set(want), window)
            for id in want:  # as of the end of ten seconds; times have whole seconds; and the test took its time
                self.assertLessEqual(scores[id], want[id] * math.exp(2 * 2 / 3600 / hours) + 1e-6, (window, id))
                self.assertGreaterEqual(scores[id], want[id] * math.exp(-2 * 120 / 3600 / hours) - 1e-6, (window, id))
            self.assertEqual([i["score"] for i in got["items"]], sorted(scores.values(), reverse=True))

    def test_a_scenario_shows_what_is_done_now(self):
        steps = [{"source": "trending", "window": "24h", "limit": 2}, {"source": "popular"}]
        put = self.server.ask("PUT", "/v1/admin/scenarios", {"scenarios": [{"name": "now", "steps": steps},
                                                                           {"name": "model", "steps": [{"source": "trending"}]}]})
        self.assertEqual(put.status, 200, put.body)
        self.assertEqual(put.json["scenarios"][0]["steps"][0]["window"], "24h")

        def ask(name):
            answer = self.server.post("/v1/recommendations", {"scenario": name, "session": "onlooker", "limit": 5})
            self.assertEqual(answer.status, 200, answer.body)
            return [(i["id"], i["source"]) for i in answer.json["items"]]
        model = [id for id, _ in ask("model")]
        self.assertEqual(ask("now")[:2], [(id, "trending") for id in model[:2]])
        a, b = [i for i in self.ids if i not in model][:2]
        self.send(("view", a, 1))
        self.await_list([a], "24h")
        self.assertEqual(ask("now")[:2], [(a, "trending"), (model[0], "trending")])
        self.send(("purchase", b, 1))
        self.await_list([b, a], "24h")
        self.assertEqual(ask("now")[:2], [(b, "trending"), (a, "trending")])
        self.assertEqual([source for _, source in ask("now")[2:]], ["popular"] * 3)
        self.assertEqual([id for id, _ in ask("model")], model)
        for step, code in (({"source": "popular", "window": "24h"}, "conflict"), ({"source": "trending", "window": "2h"}, "unknown"),
                           ({"source": "trending", "window": 24}, "wrong_type")):
            wrong = self.server.ask("PUT", "/v1/admin/scenarios", {"scenarios": [{"name": "now", "steps": [step]}]})
            self.assertEqual((wrong.status, wrong.json["errors"][0]["pointer"], wrong.json["errors"][0]["code"]),
                             (422, "/scenarios/0/steps/0/window", code), wrong.body)

    def test_what_says_nothing_is_not_counted(self):
        a, b = self.ids[:2]
        self.send(("dislike", a, 0), ("impression", a, 0), ("remove_from_cart", a, 0))
        self.send(("view", b, 0))
        self.await_list([b], "1h")

    def test_filters_stock_and_rules_hold(self):
        one = next(p for p in self.products if p["in_stock"] and sum(q["category"] == p["category"] and q["in_stock"] for q in self.products) >= 2)
        same = next(p for p in self.products if p["category"] == one["category"] and p["in_stock"] and p is not one)
        other = next(p for p in self.products if p["category"].split(" > ")[0] != one["category"].split(" > ")[0] and p["in_stock"])
        a, b, c = one["id"], same["id"], other["id"]
        self.send(("purchase", a, 0), ("add_to_cart", b, 0), ("view", c, 0))
        self.await_list([a, b, c], "24h")
        self.assertEqual(self.listed("24h", category=one["category"]), [a, b])
        self.assertEqual(self.listed("24h", category=other["category"]), [c])
        empty = next(p["category"] for p in self.products if p["category"].split(" > ")[0] not in {one["category"].split(" > ")[0], other["category"].split(" > ")[0]})
        self.assertEqual(self.trending("24h", category=empty)["source"], "model", "nothing was done in this category")

        def change(id, **members):
            self.assertEqual(self.server.ask("PATCH", f"/v1/admin/products/{id}", members).status, 200)
        change(a, stock=0)
        self.assertEqual(self.listed("24h"), [b, c])
        change(a, stock=5)
        change(b, hidden=True)
        self.assertEqual(self.listed("24h"), [a, c])
        change(b, hidden=False)
        rules = [{"name": "h", "scenarios": ["trending"], "hide": {"id": a}}, {"name": "p", "scenarios": ["trending"], "pin": {"product": self.ids[9], "position": 1}},
                 {"name": "b", "boost": {"filter": {"id": [c]}, "by": 50}}]
        self.assertEqual(self.server.ask("PUT", "/v1/admin/rules", {"rules": rules}).status, 200)
        self.assertEqual(self.listed("24h"), [self.ids[9], c, b])
        self.assertEqual(self.trending("24h")["source"], "events")

    def test_a_product_of_today_is_there(self):
        made = self.server.ask("PUT", "/v1/admin/products/new-1", {"title": "Quite new", "price": 100, "currency": "EUR"})
        self.assertIn(made.status, (200, 201), made.body)
        self.send(("purchase", "new-1", 0))
        self.await_list(["new-1"], "1h")

    def test_a_restart_loses_nothing(self):
        a, b, c = self.ids[:3]
        self.send(("view", a, 1), *[("view", b, .5)] * 4, *[("view", c, 400)] * 4)
        self.await_list([b, a], "6h")
        self.await_list([b, c, a], "30d")
        self.server.kill()
        self.server.start()
        self.await_list([b, a], "6h")
        self.await_list([b, c, a], "30d")
        self.send(*[("view", a, 0)] * 9)
        self.await_list([a, b], "6h")

    def test_an_unchanged_list_is_304_and_kept_for_a_second(self):
        self.send(("view", self.ids[0], 0))
        self.await_list([self.ids[0]], "30d")
        for _ in range(3):  # ten seconds may end between two questions
            first = self.server.get("/v1/trending", window="30d")
            again = self.server.ask("GET", "/v1/trending?window=30d", headers={"If-None-Match": first.headers["etag"]})
            if again.status == 304:
                break
        self.assertEqual((again.status, first.headers["cache-control"]), (304, "public, max-age=1"))

    def test_an_unknown_window_is_pointed_at(self):
        for window in ("2h", "", "1H", "90d", "0"):
            answer = self.server.ask("GET", f"/v1/trending?window={window}")
            self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, "?window"), window)


if __name__ == "__main__":
    unittest.main()
