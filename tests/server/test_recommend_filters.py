"""Filters of recommendations, and that stock, price and visibility count in the very next answer."""
import unittest

import shop

EVERYTHING = "title,brand,category,price,stock,created,rating,attributes"


class Filters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.products, cursor = {}, {}
        while cursor is not None:
            page = cls.server.get("/v1/products", limit=100, fields=EVERYTHING, **cursor).json
            cls.products.update({p["id"]: p for p in page["items"]})
            cursor = {"cursor": page["next"]} if page["next"] else None

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def ids(self, filter=None, **body):
        answer = self.server.post("/v1/recommendations", {"filter": filter, "limit": 100, "fields": [], **body})
        self.assertEqual(answer.status, 200, answer.body)
        return [i["id"] for i in answer.json["items"]]

    def pick(self, **body):
        """A product that is recommended."""
        return self.ids(**body)[0]

    def check(self, filter, passes):
        """Every product that passes is there, as long as there are not more than an answer holds; and nothing else."""
        want = {i for i, p in self.products.items() if passes(p) and p["stock"] != 0}
        got = self.ids(filter)
        self.assertLessEqual(set(got), want, filter)
        self.assertEqual(len(got), min(len(want), 100), filter)
        self.assertTrue(got, f"{filter}: a test of nothing")

    def test_a_filter_passes_what_it_says(self):
        some = self.products[self.pick()]
        other = next(p for p in self.products.values() if p["brand"] != some["brand"])
        root = some["category"].split(" > ")[0]
        inside = lambda p, node: p["category"] == node or p["category"].startswith(node + " > ")
        self.check({"category": [root, other["category"]]}, lambda p: inside(p, root) or inside(p, other["category"]))
        self.check({"brand": [some["brand"], other["brand"]]}, lambda p: p["brand"] in (some["brand"], other["brand"]))
        self.check({"price_min": some["price"], "price_max": some["price"] * 2}, lambda p: some["price"] <= p["price"] <= some["price"] * 2)
        self.check({"stock_min": 20}, lambda p: p["stock"] is None or p["stock"] >= 20)
        self.check({"not": {"brand": some["brand"]}, "category": root}, lambda p: p["brand"] != some["brand"] and inside(p, root))
        self.check({"or": [{"price_max": some["price"]}, {"and": [{"brand": other["brand"]}, {"stock_min": 1}]}]},
                   lambda p: p["price"] <= some["price"] or p["brand"] == other["brand"])
        self.check({"created_since": some["created"]}, lambda p: p["created"] >= some["created"])
        for name, value in some["attributes"].items():
            values = lambda p: p["attributes"].get(name) if isinstance(p["attributes"].get(name), list) else [p["attributes"].get(name)]
            one = value[0] if isinstance(value, list) else value
            self.check({"attributes": {name: one}}, lambda p: one in values(p))
            self.check({"attributes": {name: {"exists": True}}}, lambda p: name in p["attributes"])
            if isinstance(one, (int, float)) and not isinstance(one, bool):
                self.check({"attributes": {name: {"min": one}}}, lambda p: any(v is not None and v >= one for v in values(p)))

    def test_get_takes_the_simple_ones(self):
        some = self.products[self.pick()]
        got = self.server.get("/v1/recommendations", brand=some["brand"], category=some["category"], price_min=some["price"], price_max=some["price"], limit=100).json
        self.assertEqual([i["id"] for i in got["items"]],
                         self.ids({"brand": some["brand"], "category": some["category"], "price_min": some["price"], "price_max": some["price"]}))
        self.assertIn(some["id"], [i["id"] for i in got["items"]])
        wrong = self.server.get("/v1/recommendations", price_min="x")
        self.assertEqual((wrong.status, wrong.json["errors"][0]["pointer"]), (422, "?price_min"))
        wrong = self.server.get("/v1/recommendations", brand="x" * 300)
        self.assertEqual((wrong.status, wrong.json["errors"][0]["pointer"]), (422, "?brand"))

    def test_stars_count(self):
        product = self.pick()
        account = self.server.post("/v1/account", {"email": "star@shop.example", "password": "correct horse battery", "bearer": True}).json
        rated = self.server.ask("PUT", f"/v1/products/{product}/rating", {"stars": 4}, key=account["token"])
        self.assertEqual(rated.status, 200, rated.body)
        self.assertEqual(self.ids({"rating_min": 4, "rating_count_min": 1}), [product])
        self.assertEqual(self.ids({"rating_min": 4.5}), [])
        self.assertNotIn(product, self.ids({"not": {"rating_min": 3.5}}))

    def change(self, id, **members):
        answer = self.server.ask("PATCH", f"/v1/admin/products/{id}", members)
        self.assertEqual(answer.status, 200, answer.body)

    def test_stock_visibility_and_price_count_in_the_next_answer(self):
        first, second = self.ids()[:2]
        for _ in range(3):
            self.change(first, stock=0)
            self.assertEqual(self.ids()[0], second)
            self.change(first, stock=5)
            self.assertEqual(self.ids()[:2], [first, second], "it is back at once")
            self.change(first, hidden=True)
            self.assertEqual(self.ids()[0], second)
            self.change(first, hidden=False)
            self.assertEqual(self.ids()[:2], [first, second])
        only = {"id": [first], "price_max": 77}
        self.assertEqual(self.ids(only), [])
        self.change(first, price=77)
        self.assertEqual(self.ids(only), [first])
        self.change(first, price=78)
        self.assertEqual(self.ids(only), [])
        self.change(first, attributes={"colour": "ultraviolet"})
        self.assertEqual(self.ids({"attributes": {"colour": "ultraviolet"}}), [first])

    def test_related_and_trending_lists_are_full_though_much_is_sold_out(self):
        trending = [i["id"] for i in self.server.get("/v1/trending", limit=40).json["items"]]
        for id in trending[:30]:
            self.change(id, stock=0)
        now = [i["id"] for i in self.server.get("/v1/trending", limit=10).json["items"]]
        self.assertEqual(now, trending[30:40])
        for id in trending[:30]:
            self.change(id, stock=9)
        self.assertEqual([i["id"] for i in self.server.get("/v1/trending", limit=40).json["items"]], trending)

    def test_wrong_filters_are_pointed_at(self):
        for filter, pointer, code in (({"colour": "red"}, "/filter/colour", "unknown_member"), ({"or": [{}, {"brand": 1}]}, "/filter/or/1/brand", "wrong_type"),
                                      ({"rating_min": 4.3}, "/filter/rating_min", "out_of_range"), ({"not": []}, "/filter/not", "wrong_type"),
                                      ({"attributes": {"a": {"between": 1}}}, "/filter/attributes/a/between", "unknown_member"), ("all", "/filter", "wrong_type"),
                                      ({"or": [{"brand": "x"}] * 64}, "/filter/or", "too_many")):
            answer = self.server.post("/v1/recommendations", {"filter": filter})
            self.assertEqual(answer.status, 422, answer.body)
            self.assertEqual((answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]), (pointer, code), answer.body)
        answer = self.server.post("/v1/recommendations", {"requests": [{}, {"filter": {"price_min": "x"}}]})
        self.assertEqual(answer.json["errors"][0]["pointer"], "/requests/1/filter/price_min")


if __name__ == "__main__":
    unittest.main()
