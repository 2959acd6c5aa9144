"""What came of recommendations: the events that carry their ids, counted."""
import time
import unittest

import shop
from visitor import Visitor


class Outcomes(unittest.TestCase):
    def setUp(self):
        self.scope = shop.serving()
        self.server = self.scope.__enter__()
        self.addCleanup(self.scope.__exit__, None, None, None)

    def answer(self, session="s1", **body):
        got = self.server.post("/v1/recommendations", {"session": session, **body})
        self.assertEqual(got.status, 200, got.body)
        return got.json

    def send(self, *events):
        got = self.server.post("/v1/events", list(events))
        self.assertEqual((got.status, got.json["rejected"]), (200, 0), got.body)

    def event(self, kind, answer, at=0, session="s1", **more):
        return {"type": kind, "session": session, "item": answer["items"][at]["id"], "recommendation_id": answer["recommendation_id"],
                "position": at + 1, **more}

    def outcomes(self, group="strategy", **query):
        got = self.server.get("/v1/admin/outcomes", group=group, **query)
        self.assertEqual(got.status, 200, got.body)
        return got.json["items"]

    def await_outcomes(self, want, group="strategy"):
        """want: {name: (impressions, clicks, carts, purchases)}"""
        end = time.monotonic() + 20
        while True:
            got = {i[group]: tuple(i[k] for k in ("impressions", "clicks", "carts", "purchases")) for i in self.outcomes(group)}
            if got == want:
                return
            self.assertLess(time.monotonic(), end, f"{got} is not {want}")
            time.sleep(0.1)

    def settle(self):
        """Everything that was sent is counted: a mark sent after it is."""
        mark = self.answer(session="mark")
        before = sum(i["impressions"] for i in self.outcomes())
        self.send(self.event("impression", mark, session="mark", event_id=f"mark {time.monotonic_ns()}"))
        end = time.monotonic() + 20
        while sum(i["impressions"] for i in self.outcomes()) == before:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        return before

    def test_each_outcome_counts_once_for_an_answer_and_product(self):
        a = self.answer()
        self.assertEqual(a["strategy"], "popular")
        self.send(*(self.event("impression", a, i) for i in range(10)))
        self.send(self.event("click", a, 0), self.event("view", a, 0), self.event("click", a, 0, event_id="again"), self.event("click", a, 1))
        self.send(self.event("impression", a, 0, event_id="seen again"))
        self.send(self.event("add_to_cart", a, 1), self.event("purchase", a, 1, quantity=2, price=150))
        self.await_outcomes({"popular": (10, 2, 1, 1)})
        self.await_outcomes({a["model_version"]: (10, 2, 1, 1)}, "model")
        self.await_outcomes({None: (10, 2, 1, 1)}, "scenario")
        self.await_outcomes({time.strftime("%Y-%m-%d", time.gmtime()): (10, 2, 1, 1)}, "day")
        one = self.outcomes()[0]
        self.assertAlmostEqual(one["click_rate"]["value"], 0.2)
        self.assertAlmostEqual(one["click_rate"]["low"], 0.05668, places=4)  # Wilson's, 2 of 10
        self.assertAlmostEqual(one["click_rate"]["high"], 0.50984, places=4)
        self.assertEqual([r["total"] for r in one["revenue"]], [300])
        self.assertAlmostEqual(one["revenue"][0]["per_impression"]["value"], 30)
        self.assertEqual(self.outcomes(to="2026-01-31"), [])
        metrics = self.server.get("/metrics").body.decode()
        self.assertIn('aisle_outcomes_total{strategy="popular",kind="click"} 2\n', metrics)

    def test_ids_that_are_not_the_shops_count_for_nothing(self):
        a = self.answer()
        mine = self.event("impression", a)
        last = a["recommendation_id"][-1]
        for i, forged in enumerate(("r", a["recommendation_id"][:-1] + ("A" if last != "A" else "Q"), "A" * 60)):
            self.send({**mine, "recommendation_id": forged, "event_id": f"forged {i}"})
        before = self.settle()
        self.assertEqual(before, 0)
        self.assertEqual(sum(i["impressions"] for i in self.outcomes()), 1)

    def test_what_is_bought_from_a_cart_is_joined_by_the_id_that_the_cart_has_kept(self):
        guest = Visitor(self.server)
        priced = [p for p in self.server.get("/v1/products?limit=100").json["items"] if p["in_stock"] and p.get("price")]
        answer = guest.post("/v1/recommendations", {"items": [priced[0]["id"]], "limit": 100}).json
        bought = next(i for i in answer["items"] if i.get("price") and i["in_stock"])
        put = guest.put_in(bought["id"], 1, recommendation_id=answer["recommendation_id"])
        self.assertEqual(put.status, 200, put.body)
        guest.register("buyer")  # what the guest was shown counts once, also when somebody else buys it
        order = guest.post("/v1/orders", {"email": "buyer@shop.example"})
        self.assertEqual(order.status, 201, order.body)
        self.await_outcomes({answer["strategy"]: (1, 0, 1, 1)})
        self.assertEqual(self.outcomes()[0]["revenue"][0]["total"], bought["price"])
        self.assertEqual(self.outcomes()[0]["revenue"][0]["currency"], bought["currency"])
        erased = guest.ask("DELETE", "/v1/account", {"password": "correct horse battery"})
        self.assertEqual(erased.status, 204, erased.body)
        self.await_outcomes({answer["strategy"]: (1, 0, 1, 1)})

    def test_nothing_is_counted_twice_over_a_restart(self):
        a = self.answer()
        self.send(self.event("impression", a), self.event("click", a))
        self.await_outcomes({"popular": (1, 1, 0, 0)})
        self.server.kill()
        self.server.start()
        self.send(self.event("click", a, event_id="after"), self.event("click", a, 1))
        self.await_outcomes({"popular": (2, 2, 0, 0)})


if __name__ == "__main__":
    unittest.main()
