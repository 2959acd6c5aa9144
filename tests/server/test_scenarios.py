"""Scenarios: lists of steps, each from one source; what the shop keeper changes counts at once."""
import unittest

import shop


class Scenarios(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def ask(self, scenario, **body):
        answer = self.server.post("/v1/recommendations", {"scenario": scenario, **body})
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def put(self, *scenarios, status=200, **more):
        answer = self.server.ask("PUT", "/v1/admin/scenarios", {"scenarios": list(scenarios), **more})
        self.assertEqual(answer.status, status, answer.body)
        return answer.json

    def one(self, *steps, **more):
        return {"name": "test", "steps": [s if isinstance(s, dict) else {"source": s} for s in steps], **more}

    def sources(self, answer):
        return [i["source"] for i in answer["items"]]

    def ids(self, answer):
        return [i["id"] for i in answer["items"]]

    def some_product(self):
        for p in range(1, 200):
            if len(self.server.get(f"/v1/products/p{p}/related", intent="complementary").json.get("items", [])) > 1:
                return f"p{p}"

    def test_the_built_in_ones_are_full_and_name_their_sources(self):
        item = self.some_product()
        for name, first in (("home", "personal"), ("product", "similar"), ("cart", "complementary"), ("after_purchase", None), ("email", None)):
            answer = self.ask(name, user="u7", items=[item] if name in ("product", "cart") else [], limit=12)
            self.assertEqual(len(set(self.ids(answer))), 12, name)
            self.assertNotIn(item if name in ("product", "cart") else None, self.ids(answer))
            if first:
                self.assertEqual(self.sources(answer)[0], first)
        home = self.sources(self.ask("home", user="u7", limit=10))
        self.assertEqual([home.count(s) for s in ("personal", "trending", "newest")], [6, 2, 2])
        nobody = self.sources(self.ask("home", session="somebody new", limit=10))
        self.assertNotEqual(nobody[0], "personal")
        self.assertEqual(self.server.get("/v1/recommendations", user="u7", scenario="home", limit=10).json["items"],
                         self.ask("home", user="u7", limit=10)["items"])

    def test_steps_are_filled_in_order_and_leave_what_they_have_not_to_others(self):
        self.put(self.one({"source": "complementary", "share": 0.9}, {"source": "trending", "limit": 3}, "popular"))
        item = self.some_product()
        goes_with = [i["id"] for i in self.server.get(f"/v1/products/{item}/related", intent="complementary", limit=9).json["items"]]
        answer = self.ask("test", items=[item], limit=10, explain=True)
        got = self.sources(answer)
        n = min(9, len(goes_with))
        self.assertEqual(self.ids(answer)[:n], goes_with[:n])
        self.assertEqual(got[:n], ["complementary"] * n)
        self.assertEqual(got[n:n + 3], ["trending"] * min(3, 10 - n))
        self.assertEqual(answer["items"][0]["reasons"], [{"type": "bought_with", "item": item, "weight": 1.0}])
        self.assertEqual(answer["items"][-1]["reasons"], [])

    def test_similar_and_newest_and_viewed_are_what_they_say(self):
        self.put(self.one("similar"), {**self.one("newest"), "name": "new"}, {**self.one("viewed"), "name": "seen"})
        like = [i["id"] for i in self.server.get("/v1/products/p3/related", limit=8).json["items"]]
        self.assertEqual(self.ids(self.ask("test", items=["p3"], limit=8)), like)
        newest = [p["id"] for p in self.server.get("/v1/products", sort="newest", in_stock="true", limit=20).json["items"]]
        created = {i["id"]: i["created"] for i in self.ask("new", limit=10, fields=["created"])["items"]}
        self.assertEqual(set(created), {p for p in newest[:10]})
        for item in ("p5", "p9", "p5", "p11"):
            self.server.post("/v1/events", [{"type": "view", "session": "looker", "item": item}])
        self.assertEqual(self.ids(self.ask("seen", session="looker", limit=5))[:3], ["p11", "p5", "p9"])
        self.assertEqual(self.ids(self.ask("seen", session="looks at nothing", limit=5)), [])

    def test_conditions_filters_and_exclusions(self):
        self.put(self.one({"source": "trending", "when": "new"}, {"source": "popular", "when": "known", "filter": {"price_min": 3000}}))
        self.assertEqual(set(self.sources(self.ask("test", session="who", limit=5))), {"trending"})
        known = self.ask("test", user="u7", limit=5, filter={"price_max": 6000})
        self.assertTrue(known["items"])
        self.assertTrue(all(i["source"] == "popular" and 3000 <= i["price"] <= 6000 for i in known["items"]))
        self.put(self.one("viewed", exclude_bought=True))
        self.server.post("/v1/events", [{"type": "view", "session": "buyer", "item": i} for i in ("p5", "p9")])
        self.assertEqual(set(self.ids(self.ask("test", session="buyer"))), {"p5", "p9"})
        self.server.post("/v1/events", [{"type": "purchase", "session": "buyer", "item": "p5"}])
        self.assertEqual(self.ids(self.ask("test", session="buyer")), ["p9"])
        self.assertEqual(self.ids(self.ask("test", session="buyer", exclude=["p9"])), [])

    def test_the_cart_is_context_and_does_not_come_back(self):
        self.put(self.one("complementary", exclude_cart=True))
        item = self.some_product()
        cart = self.server.ask("PUT", f"/v1/cart/items/{item}", {"quantity": 1})
        guest = cart.headers["set-cookie"].split(";")[0].split("=", 1)[1]
        own = self.server.post("/v1/recommendations", {"scenario": "test", "cart": True, "limit": 5}, key=guest)
        self.assertEqual(own.status, 200, own.body)
        named = self.ask("test", cart=[item], limit=5)
        self.assertTrue(named["items"])
        self.assertEqual(self.ids(own.json), self.ids(named))
        self.assertNotIn(item, self.ids(named))

    def test_a_change_counts_at_once_and_built_in_ones_come_back(self):
        before = self.server.get("/v1/admin/scenarios").json
        self.put({"name": "home", "steps": [{"source": "newest"}]}, version=before["version"])
        self.assertEqual(set(self.sources(self.ask("home", user="u7"))), {"newest"})
        self.put({"name": "home", "steps": [{"source": "trending"}]}, version=before["version"], status=409)
        after = self.server.get("/v1/admin/scenarios").json
        self.assertEqual([s["name"] for s in after["scenarios"]], ["home"])
        self.assertEqual({s["name"] for s in after["built_in"]}, {"home", "product", "cart", "after_purchase", "email"})
        self.put()
        self.assertEqual(self.sources(self.ask("home", user="u7"))[0], "personal")

    def test_pages_of_a_scenario_repeat_nothing(self):
        first = self.ask("home", user="u7", limit=15)
        second = self.ask("home", user="u7", limit=15, next=first["next"])
        self.assertEqual(len(set(self.ids(first) + self.ids(second))), 30)

    def test_what_is_wrong_is_pointed_at(self):
        step = {"source": "personal"}
        for bad, pointer in (({"name": "x", "steps": []}, "/scenarios/0/steps"), ({"name": "X", "steps": [step]}, "/scenarios/0/name"),
                             ({"name": "x"}, "/scenarios/0/steps"), ({"name": "x", "steps": [{"source": "best"}]}, "/scenarios/0/steps/0/source"),
                             ({"name": "x", "steps": [{"source": "popular", "share": 0}]}, "/scenarios/0/steps/0/share"),
                             ({"name": "x", "steps": [{"source": "popular", "limit": 101}]}, "/scenarios/0/steps/0/limit"),
                             ({"name": "x", "steps": [{"source": "popular", "when": "rain"}]}, "/scenarios/0/steps/0/when"),
                             ({"name": "x", "steps": [{"source": "popular", "filter": {"colour": 1}}]}, "/scenarios/0/steps/0/filter/colour"),
                             ({"name": "x", "steps": [step], "diversity": 2}, "/scenarios/0/diversity"),
                             ({"name": "x", "steps": [step], "color": 2}, "/scenarios/0/color")):
            self.assertEqual(self.put(bad, status=422)["errors"][0]["pointer"], pointer)
        self.assertEqual(self.put({"name": "x", "steps": [step]}, {"name": "x", "steps": [step]}, status=422)["errors"][0]["pointer"], "/scenarios/1/name")
        answer = self.server.post("/v1/recommendations", {"scenario": "none such"})
        self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, "/scenario"))


if __name__ == "__main__":
    unittest.main()
