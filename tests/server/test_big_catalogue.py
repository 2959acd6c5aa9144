"""Lists of 92,331 products: what is answered beside the loop equals what is answered on it. Wants the public data set."""
import os
import pathlib
import shutil
import tempfile
import unittest
import urllib.parse

import shop

DATA = pathlib.Path(os.environ.get("AISLE_DATA", shop.SOURCE.parent / "shared" / "data")) / "completejourney"


@unittest.skipUnless((DATA / "products.csv.zst").exists(), "AISLE_DATA/completejourney is not here")
class Big(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="aisle-server-"))
        shop.run("import", "--data", cls.top / "data", "--preset", "completejourney", DATA / "products.csv.zst")
        cls.server = shop.Server(cls.top / "data")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.log.close()
        shutil.rmtree(cls.top, True)

    def test_many_facets_at_once_are_each_as_when_asked_alone(self):
        names = ["category", "brand", "price", "rating", "attr.package_size", "attr.manufacturer_id", "attr.a", "attr.b", "attr.c"]
        category = self.server.get("/v1/products", facets="category").json["facets"]["category"]["values"][0]["value"]
        size = self.server.get("/v1/products", category=category, facets="attr.package_size").json["facets"]["attr.package_size"]["values"][0]["value"]
        query = {"category": category, "brand": "National", "attr.package_size": size, "price_min": 0}
        for asked in ({}, {"category": category}, query):
            many = self.server.get("/v1/products", limit=100, sort="title", facets=",".join(names), **asked)
            self.assertEqual(many.status, 200, many.body[:300])
            for name in names:
                alone = self.server.get("/v1/products", limit=100, sort="title", facets=name, **asked).json
                self.assertEqual(alone["facets"][name], many.json["facets"][name], name)
                self.assertEqual((alone["items"], alone["total"]), (many.json["items"], many.json["total"]))

    def test_the_counts_of_a_facet_are_the_totals_of_its_choices(self):
        facet = self.server.get("/v1/products", facets="category,brand").json["facets"]
        for name in ("category", "brand"):
            for value in facet[name]["values"][:8]:
                total = self.server.get("/v1/products?limit=1&" + urllib.parse.urlencode({name: value["value"]})).json["total"]
                self.assertEqual(total, value["count"], value)
        whole = self.server.get("/v1/products", limit=1).json["total"]
        self.assertGreater(whole, 90000)
        tree = self.server.get("/v1/categories").json["items"]
        self.assertEqual({n["path"]: n["count"] for n in tree}, {v["value"]: v["count"] for v in facet["category"]["values"]})


if __name__ == "__main__":
    unittest.main()
