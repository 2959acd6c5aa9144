"""What goes with a product: alike, bought together, a step up, by text."""
import collections
import csv
import math
import unittest

import shop


class RelatedIntents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.products = {}
        cursor = {}
        while cursor is not None:
            page = cls.server.get("/v1/products", limit=100, **cursor).json
            cls.products.update((p["id"], p) for p in page["items"])
            cursor = {"cursor": page["next"]} if page["next"] else None
        cls.baskets = collections.defaultdict(set)
        with open(shop.template() / "files" / "events.csv") as f:
            rows = list(csv.DictReader(f))
        gone = collections.Counter((r["user"], r["item"]) for r in rows if r["type"] == "cancel")
        for r in reversed(rows):  # a cancel undoes the purchase before it
            if r["type"] == "purchase":
                if gone[r["user"], r["item"]]:
                    gone[r["user"], r["item"]] -= 1
                else:
                    cls.baskets[r["order"]].add(r["item"])

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def related(self, product, **query):
        answer = self.server.get(f"/v1/products/{product}/related", **query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def ratio(self, a, b):
        n = len(self.baskets)
        both = sum(a in s and b in s for s in self.baskets.values())
        of_a, of_b = (sum(x in s for s in self.baskets.values()) for x in (a, b))
        table = ((both, of_a * of_b), (of_a - both, of_a * (n - of_b)), (of_b - both, (n - of_a) * of_b),
                 (n - of_a - of_b + both, (n - of_a) * (n - of_b)))
        return 2 * sum(k * math.log(k * n / e) for k, e in table if k) if both * n > of_a * of_b else 0

    def test_complementary_products_are_those_of_the_same_orders(self):
        counted = collections.Counter(i for s in self.baskets.values() for i in s)
        checked = 0
        for product, _ in counted.most_common(40):
            items = self.related(product, intent="complementary", limit=100)["items"]
            for i in items:
                want = self.ratio(product, i["id"])
                self.assertGreaterEqual(i["score"], 6.6)
                self.assertAlmostEqual(i["score"], want, delta=1e-3 * want)
            self.assertEqual([i["score"] for i in items], sorted((i["score"] for i in items), reverse=True))
            missed = [b for b in counted if b != product and self.products[b]["in_stock"]
                      and self.ratio(product, b) > 6.7 and b not in {i["id"] for i in items}]
            self.assertEqual(missed, [])
            checked += len(items)
        self.assertGreater(checked, 10)

    def test_reasons_say_what_they_are_bought_with(self):
        for intent, name in (("complementary", "bought_with"), ("similar", "similar"), ("content", "content"), ("upgrade", "similar")):
            seen = 0
            for product in list(self.products)[:40]:
                for i in self.related(product, intent=intent, explain="true")["items"]:
                    terms = i["reasons"][0].pop("terms", None)
                    self.assertEqual(i["reasons"], [{"type": name, "item": product, "weight": 1.0}])
                    self.assertEqual(terms is not None, intent == "content")
                    if terms is not None:
                        shares = [t["weight"] for t in terms]
                        self.assertTrue(1 <= len(terms) <= 5 and 0 < sum(shares) <= 1 + 1e-6 and shares == sorted(shares, reverse=True))
                    seen += 1
            self.assertTrue(seen, intent)
        self.assertNotIn("reasons", self.related(product)["items"][0])

    def test_an_upgrade_costs_more_and_is_of_the_same_kind(self):
        def mixed(p):
            n = p["rating"]["count"]
            return (2 * (p["rating"]["average"] or 0) * n + 35) / (n + 5)
        seen = 0
        for product in self.products.values():
            for i in self.related(product["id"], intent="upgrade")["items"]:
                self.assertEqual(i["category"], product["category"])
                self.assertTrue(1.1 * product["price"] <= i["price"] <= 2.5 * product["price"], (product, i))
                self.assertGreaterEqual(mixed(i), mixed(product) - 0.06)
                seen += 1
        self.assertGreater(seen, 50)

    def test_an_upgrade_is_rated_at_least_as_well(self):
        product, first = next((p, u["items"][0]["id"]) for p in self.products if (u := self.related(p, intent="upgrade"))["items"])
        made = self.server.post("/v1/account", {"email": "ann@shop.example", "password": "correct horse battery", "bearer": True})
        for stars, there in ((1, False), (5, True)):
            rated = self.server.ask("PUT", f"/v1/products/{first}/rating", {"stars": stars}, key=made.json["token"])
            self.assertIn(rated.status, (200, 201, 204), rated.body)
            self.assertEqual(first in [i["id"] for i in self.related(product, intent="upgrade", limit=100)["items"]], there, stars)

    def test_lists_have_an_id_of_their_own_and_can_be_cached(self):
        product = next(iter(self.products))
        first = self.server.get(f"/v1/products/{product}/related")
        again = self.server.ask("GET", f"/v1/products/{product}/related", headers={"If-None-Match": first.headers["etag"]})
        self.assertEqual(again.status, 304)
        ids = {self.related(product, intent=i)["recommendation_id"] for i in ("similar", "content", "upgrade", "complementary")}
        ids |= {self.related(product, limit=3)["recommendation_id"], self.server.get("/v1/trending").json["recommendation_id"]}
        self.assertEqual(len(ids), 6)
        self.assertIn(first.json["recommendation_id"], ids)

    def test_an_unknown_intent_is_pointed_at(self):
        answer = self.server.get(f"/v1/products/{next(iter(self.products))}/related", intent="cheaper")
        self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, "?intent"))


if __name__ == "__main__":
    unittest.main()
