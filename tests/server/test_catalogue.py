"""Products, related, trending."""
import unittest
import urllib.parse

import shop


class Catalogue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def pages(self, **query):
        items, cursor = [], None
        while True:
            page = self.server.get("/v1/products", **query, **({"cursor": cursor} if cursor else {}))
            self.assertEqual(page.status, 200, page.body)
            items += page.json["items"]
            cursor = page.json["next"]
            if cursor is None:
                self.assertEqual(page.json["total"], len(items))
                return items

    def test_paging_visits_every_product_once(self):
        for sort in ("id", "price", "-price", "newest", "title", "rating", "popular"):
            ids = [p["id"] for p in self.pages(limit=37, sort=sort)]
            self.assertEqual(len(ids), 200)
            self.assertEqual(len(set(ids)), 200)

    def test_prices_come_in_the_asked_order(self):
        up = [p["price"] for p in self.pages(limit=50, sort="price")]
        self.assertEqual(up, sorted(up))
        down = [p["price"] for p in self.pages(limit=50, sort="-price")]
        self.assertEqual(down, sorted(down, reverse=True))

    def test_filters_keep_only_what_they_name(self):
        every = self.pages(limit=100)
        one = every[0]
        root = one["category"].split(" > ")[0]
        below = self.pages(limit=100, category=root)
        self.assertEqual({p["id"] for p in below}, {p["id"] for p in every if p["category"].split(" > ")[0] == root})
        brand = self.pages(limit=100, brand=one["brand"])
        self.assertEqual({p["id"] for p in brand}, {p["id"] for p in every if p["brand"] == one["brand"]})
        middle = sorted(p["price"] for p in every)[100]
        cheap = self.pages(limit=100, price_max=middle)
        self.assertEqual({p["id"] for p in cheap}, {p["id"] for p in every if p["price"] <= middle})
        self.assertTrue(all(p["in_stock"] for p in self.pages(limit=100, in_stock="true")))

    def everything(self):
        return self.pages(limit=100, fields="brand,category,price,in_stock,attributes,rating")

    def test_several_brands_and_attributes(self):
        every = self.everything()
        brands = sorted({p["brand"] for p in every})[:3]
        page = self.server.get("/v1/products?limit=100&" + "&".join("brand=" + urllib.parse.quote(b) for b in brands)).json
        self.assertEqual({p["id"] for p in page["items"]}, {p["id"] for p in every if p["brand"] in brands})
        colours = sorted({p["attributes"]["colour"] for p in every if "colour" in (p["attributes"] or {})})[:2]
        style = next(p["attributes"]["style"] for p in every if (p["attributes"] or {}).get("colour") in colours and "style" in p["attributes"])
        query = [("limit", 100), *(("attr.colour", c) for c in colours), ("attr.style", style)]
        page = self.server.get("/v1/products?" + urllib.parse.urlencode(query)).json
        want = {p["id"] for p in every if (p["attributes"] or {}).get("colour") in colours and p["attributes"].get("style") == style}
        self.assertTrue(want)
        self.assertEqual({p["id"] for p in page["items"]}, want)

    def test_counts_of_a_facet_leave_out_its_own_filter(self):
        every = self.everything()
        brand = max((p["brand"] for p in every), key=[p["brand"] for p in every].count)
        root = next(p["category"] for p in every if p["brand"] == brand).split(" > ")[0]
        middle = sorted(p["price"] for p in every)[120]
        answer = self.server.get("/v1/products", brand=brand, category=root, price_max=middle, facets="category,brand,price,rating,attr.colour")
        facets = answer.json["facets"]
        self.assertEqual(list(facets), ["category", "brand", "price", "rating", "attr.colour"])

        def passing(*parts):
            tests = {"brand": lambda p: p["brand"] == brand, "category": lambda p: p["category"].split(" > ")[0] == root,
                     "price": lambda p: p["price"] <= middle}
            return [p for p in every if all(tests[x](p) for x in parts)]
        got = {v["value"]: v["count"] for v in facets["brand"]["values"]}
        among = [p["brand"] for p in passing("category", "price")]
        self.assertEqual(got, {b: among.count(b) for b in {*among, brand}})
        self.assertEqual([v["value"] for v in facets["brand"]["values"] if v["selected"]], [brand])
        among = passing("brand", "price")
        roots = {v["value"]: v["count"] for v in facets["category"]["values"] if " > " not in v["value"]}
        names = [p["category"].split(" > ")[0] for p in among]
        self.assertEqual(roots, {r: names.count(r) for r in {*names, root}})
        below = {v["value"]: v["count"] for v in facets["category"]["values"] if v["value"].count(" > ") == 1}
        self.assertTrue(below and all(v.startswith(root + " > ") for v in below))
        prices = [p["price"] for p in passing("brand", "category")]
        self.assertEqual((facets["price"]["min"], facets["price"]["max"]), (min(prices), max(prices)))
        for v in facets["price"]["values"]:
            self.assertEqual(v["count"], sum(v["min"] <= p <= v["max"] for p in prices))
        colours = [p["attributes"].get("colour") for p in passing("brand", "category", "price")]
        self.assertEqual({v["value"]: v["count"] for v in facets["attr.colour"]["values"]}, {c: colours.count(c) for c in {*colours} - {None}})
        self.assertEqual(answer.json["total"], len(colours))

    def test_the_tree_of_categories_counts_what_lists_count(self):
        def walk(nodes, parent):
            self.assertEqual([n["name"] for n in nodes], sorted((n["name"] for n in nodes), key=str.encode))
            for n in nodes:
                self.assertEqual(n["path"], " > ".join(filter(None, (parent, n["name"]))))
                self.assertEqual(self.server.get("/v1/products", limit=1, category=n["path"]).json["total"], n["count"])
                walk(n["children"], n["path"])
        tree = self.server.get("/v1/categories").json["items"]
        self.assertEqual(sum(n["count"] for n in tree), 200)
        walk(tree, "")

    def test_ratings_filter_and_sort(self):
        self.assertEqual(self.server.get("/v1/products", rating_min=0.5).json["total"], 0)
        self.assertEqual(len(self.pages(limit=100, sort="rating")), 200)

    def test_popular_is_as_the_model_counts(self):
        trending = self.server.get("/v1/trending", limit=5)
        self.assertEqual(trending.status, 200)
        popular = [p["id"] for p in self.pages(limit=100, sort="popular")]
        by_id = [p["id"] for p in self.pages(limit=100)]
        self.assertNotEqual(popular[:50], by_id[:50])

    def test_wrong_parameters_are_named(self):
        for query, pointer in (("limit=0", "?limit"), ("limit=101", "?limit"), ("limit=x", "?limit"), ("price_min=-1", "?price_min"),
                               ("sort=best", "?sort"), ("colour=red", "?colour"), ("limit=2&limit=3", "?limit"), ("in_stock=1", "?in_stock"), ("rating_min=0", "?rating_min"),
                               ("rating_min=4.2", "?rating_min"), ("rating_min=x", "?rating_min"), ("facets=x", "?facets"),
                               ("facets=attr.", "?facets"), ("facets=" + "brand," * 10 + "brand", "?facets"), ("fields=x", "?fields"),
                               ("attr.=1", "?attr."), ("&".join(f"attr.a{i}=1" for i in range(9)), "?attr.a8"),
                               ("&".join(["brand=a"] * 101), "?brand"), ("&".join(["attr.a=1"] * 51), "?attr.a")):
            answer = self.server.get("/v1/products?" + query)
            self.assertEqual(answer.status, 422, query)
            self.assertEqual(answer.json["errors"][0]["pointer"], pointer)
        self.assertEqual(self.server.get("/v1/products", cursor="nonsense").status, 422)

    def test_one_product_has_its_details_and_an_unknown_one_is_404(self):
        one = self.server.get("/v1/products", limit=1).json["items"][0]
        answer = self.server.get("/v1/products/" + urllib.parse.quote(one["id"], safe=""))
        self.assertEqual(answer.status, 200)
        self.assertEqual({k: answer.json[k] for k in one}, one)
        self.assertIsInstance(answer.json["version"], int)
        missing = self.server.get("/v1/products/no%2Fsuch%20thing")
        self.assertEqual((missing.status, missing.json["code"]), (404, "not_found"))

    def test_an_unchanged_page_is_304(self):
        first = self.server.get("/v1/products", limit=5)
        self.assertIn("public", first.headers["cache-control"])
        tag = first.headers["etag"]
        again = self.server.ask("GET", "/v1/products?limit=5", headers={"If-None-Match": f'"other", {tag}'})
        self.assertEqual((again.status, again.body, again.headers["etag"]), (304, b"", tag))
        other = self.server.ask("GET", "/v1/products?limit=6", headers={"If-None-Match": tag})
        self.assertEqual(other.status, 200)

    def test_related_products_are_others_and_available(self):
        trending = self.server.get("/v1/trending", limit=20)
        self.assertEqual(trending.status, 200, trending.body)
        for item in trending.json["items"][:5]:
            for intent in ("similar", "content"):
                answer = self.server.get(f"/v1/products/{item['id']}/related", intent=intent, limit=8)
                self.assertEqual(answer.status, 200, answer.body)
                ids = [i["id"] for i in answer.json["items"]]
                self.assertTrue(ids)
                self.assertNotIn(item["id"], ids)
                self.assertEqual(len(set(ids)), len(ids))
                self.assertTrue(all(i["in_stock"] for i in answer.json["items"]))
        self.assertEqual(self.server.get("/v1/products/nothing/related").status, 404)
        self.assertEqual(self.server.get("/v1/products/x/related", intent="cheaper").status, 422)

    def test_trending_keeps_to_its_category(self):
        root = self.server.get("/v1/products", limit=1).json["items"][0]["category"].split(" > ")[0]
        items = self.server.get("/v1/trending", category=root, limit=50).json["items"]
        self.assertTrue(items)
        self.assertTrue(all(i["category"] == root or i["category"].startswith(root + " > ") for i in items))
        scores = [i["score"] for i in items]
        self.assertEqual(scores, sorted(scores, reverse=True))


if __name__ == "__main__":
    unittest.main()
