"""Boosts, least scores, diversity and caps of recommendations."""
import unittest

import shop


class Wishes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.user = "u1"

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def recommend(self, **body):
        answer = self.server.post("/v1/recommendations", {"user": self.user, "limit": 20, **body})
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["items"]

    def test_boosts_multiply_scores_and_the_best_come(self):
        plain = self.recommend(limit=100)
        brand = plain[-1]["brand"]
        for by in (.1, 3):
            wanted = sorted(((i["score"] * (by if i["brand"] == brand else 1), i["id"]) for i in plain), reverse=True)
            got = self.recommend(limit=20, boost=[{"filter": {"brand": brand}, "by": by}])
            if by < 1:  # what is raised may come from beyond the hundred
                self.assertEqual([i["id"] for i in got], [i for _, i in wanted[:20]])
            best = [i["score"] for i in got]
            self.assertEqual(best, sorted(best, reverse=True))
            for item in got:
                before = next((i["score"] for i in plain if i["id"] == item["id"]), None)
                if before is not None:
                    self.assertAlmostEqual(item["score"], before * (by if item["brand"] == brand else 1), places=4)
        count = lambda items: sum(i["brand"] == brand for i in items)
        self.assertGreater(count(self.recommend(boost=[{"filter": {"brand": brand}, "by": 100}])), count(plain[:20]))
        self.assertEqual(count(self.recommend(boost=[{"filter": {"brand": brand}, "by": .01}])), 0)

    def test_reasons_and_parts_stay_with_their_product(self):
        wish = {"boost": [{"filter": {"price_max": 2000}, "by": 1.5}], "diversity": .3, "max_per_brand": 2}
        plain = {i["id"]: i for i in self.recommend(limit=100, explain=True)}
        seen = 0
        for item in self.recommend(explain=True, **wish):
            if item["id"] in plain:
                self.assertEqual((item["reasons"], item["parts"]), (plain[item["id"]]["reasons"], plain[item["id"]]["parts"]))
                seen += 1
        self.assertGreater(seen, 5)
        self.assertEqual([i["id"] for i in self.recommend(explain=True, **wish)], [i["id"] for i in self.recommend(**wish)])

    def test_what_scores_less_does_not_come(self):
        plain = self.recommend()
        middle = plain[9]["score"]
        got = self.recommend(min_score=middle - 1e-6)
        self.assertEqual(got, [i for i in plain if i["score"] >= middle - 1e-6])
        self.assertEqual(self.recommend(min_score=1e9), [])

    def test_caps_bound_each_brand_and_category_and_leave_the_list_full(self):
        for name in ("brand", "category"):
            got = self.recommend(limit=15, **{f"max_per_{name}": 1})
            names = [i[name] for i in got if i[name] is not None]
            self.assertEqual(len(names), len(set(names)))
            self.assertGreater(len(got), 3)
            first = {}
            for item in self.recommend(limit=100):
                first.setdefault(item[name], item["id"])
            self.assertEqual([i["id"] for i in got][:3], list(first.values())[:3])

    def test_diversity_spreads_a_list(self):
        plain, mixed = self.recommend(limit=10), self.recommend(limit=10, diversity=.8)
        self.assertEqual(plain[0]["id"], mixed[0]["id"], "the best stays first")
        self.assertGreater(len({i["category"] for i in mixed}), len({i["category"] for i in plain}) - 1)
        self.assertNotEqual([i["id"] for i in plain], [i["id"] for i in mixed])
        self.assertEqual(plain, self.recommend(limit=10, diversity=0))

    def test_what_one_has_does_not_come_when_asked_so(self):
        """Beyond the newest fifty events, which never come anyway."""
        person = self.server.post("/v1/account", {"email": "kept@shop.example", "password": "correct horse battery", "bearer": True}).json["token"]
        ask = lambda method, path, body=None: self.server.ask(method, path, body, key=person)
        ids = lambda **body: [i["id"] for i in ask("POST", "/v1/recommendations", {"limit": 100, **body}).json["items"]]
        bought, cancelled, wished, carted, *rest = ids()
        self.assertEqual(ask("POST", "/v1/events", [{"type": "purchase", "item": i} for i in (bought, cancelled)] + [{"type": "cancel", "item": cancelled}]).status, 200)
        self.assertIn(ask("PUT", f"/v1/wishlist/items/{wished}").status, (200, 201, 204))
        self.assertIn(ask("PUT", f"/v1/cart/items/{carted}", {"quantity": 1}).status, (200, 201))
        self.assertEqual(ask("POST", "/v1/events", [{"type": "view", "item": i} for i in rest[:60]]).json["stored"], 60)
        kept = {"exclude_bought": {bought}, "exclude_wished": {wished}, "exclude_cart": {carted}}
        mine = {bought, cancelled, wished, carted}
        self.assertEqual(set(ids(filter={"id": list(mine)})), mine, "it is long ago")
        for name, gone in kept.items():
            self.assertEqual(set(ids(filter={"id": list(mine)}, **{name: True})), mine - gone, name)
        self.assertEqual(set(ids(filter={"id": list(mine)}, **{name: True for name in kept})), {cancelled})
        ask("DELETE", f"/v1/cart/items/{carted}")
        self.assertIn(carted, ids(filter={"id": carted}, exclude_cart=True))

    def test_wrong_wishes_are_pointed_at(self):
        boost = {"filter": {}, "by": 2}
        for body, pointer, code in (({"boost": [boost] * 9}, "/boost", "too_many"), ({"boost": [{"by": 2}]}, "/boost/0/filter", "required"),
                                    ({"boost": [boost, {"filter": {"a": 1}, "by": 2}]}, "/boost/1/filter/a", "unknown_member"),
                                    ({"boost": [{**boost, "by": 0}]}, "/boost/0/by", "out_of_range"), ({"diversity": 1.1}, "/diversity", "out_of_range"),
                                    ({"max_per_brand": 0}, "/max_per_brand", "out_of_range"), ({"min_score": "low"}, "/min_score", "wrong_type")):
            answer = self.server.post("/v1/recommendations", body)
            self.assertEqual(answer.status, 422, answer.body)
            self.assertEqual((answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]), (pointer, code), answer.body)


if __name__ == "__main__":
    unittest.main()
