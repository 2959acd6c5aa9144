"""`aisle recommend --filter`: the conditions of the API's filter, on one line."""
import csv
import json
import unittest

from program import SAMPLE, folder, import_sample, run


class Filter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = folder()
        cls.folder = cls.scope.__enter__()
        cls.data = cls.folder / "data"
        assert import_sample(cls.data).returncode == 0
        for out in ((), ("--out", cls.folder / "alone.aisle")):
            got = run("train", "--data", cls.data, "--factors", 8, "--iterations", 3, "--model", "als", *out)
            assert got.returncode == 0, got.stderr
        with open(SAMPLE / "products.csv", newline="") as f:
            cls.products = {row["id"]: row for row in csv.DictReader(f)}
        with open(SAMPLE / "events.csv", newline="") as f:
            cls.user = next(csv.DictReader(f))["user"]

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def items(self, filter=None, *args):
        given = ("--filter", filter if isinstance(filter, str) else json.dumps(filter)) if filter is not None else ()
        got = run("recommend", "--data", self.data, "--user", self.user, "-n", 1000, "--json", *given, *args)
        self.assertEqual(got.returncode, 0, got.stderr)
        return [(i["id"], i["score"]) for i in json.loads(got.stdout)["items"]]

    def check(self, filter, passes):
        """Exactly those that pass, in their order, with their scores."""
        everything = self.items()
        want = [i for i in everything if passes(self.products[i[0]])]
        self.assertTrue(0 < len(want) < len(everything), f"{filter}: a test of nothing")
        self.assertEqual(self.items(filter), want, filter)

    def test_only_what_passes_comes(self):
        first = self.products[self.items()[0][0]]
        brand, root = first["brand"], first["category"].split(" > ")[0]
        price = lambda p: round(float(p["price"]) * 100)
        some = price(first)
        self.check({"brand": brand}, lambda p: p["brand"] == brand)
        self.check({"not": {"brand": brand}}, lambda p: p["brand"] != brand)
        self.check({"price_max": some}, lambda p: price(p) <= some)
        self.check({"or": [{"price_min": some + 1}, {"brand": brand}]}, lambda p: price(p) > some or p["brand"] == brand)
        self.check({"category": root}, lambda p: p["category"] == root or p["category"].startswith(root + " > "))
        self.assertEqual(self.items({"brand": "nobody's"}), [])
        self.assertEqual(self.items("{}"), self.items())
        self.assertEqual(self.items({"in_stock": True}), self.items())

    def test_with_a_model_file_the_shop_says_what_passes(self):
        model = ("--model", self.folder / "alone.aisle")
        brand = self.products[self.items()[0][0]]["brand"]
        got = self.items({"brand": brand}, *model)
        self.assertEqual(got, [i for i in self.items(None, *model) if self.products[i[0]]["brand"] == brand])
        self.assertTrue(got)

    def test_a_shop_without_products_has_no_traits(self):
        with folder() as f:
            args = ("--data", f / "data")
            for words in (("import", "--preset", "generated", SAMPLE / "events.csv"),
                          ("train", "--factors", 8, "--iterations", 2, "--model", "als")):
                self.assertEqual(run(words[0], *args, *words[1:]).returncode, 0)
            ask = lambda *more: json.loads(run("recommend", *args, "--user", self.user, "--json", *more).stdout)["items"]
            self.assertEqual(ask("--filter", '{"brand": "Hedby"}'), [])
            self.assertEqual(ask("--filter", '{"not": {"brand": "Hedby"}}'), ask())
            self.assertEqual(len(ask()), 10)

    def test_what_is_wrong_is_pointed_at(self):
        where = ("--data", self.data)
        for filter, words, *more in (
            ("", ["--filter", "empty"]),
            ("price_max=3", ["--filter", "line 1", "column"]),
            ('{"price_max": 3', ["--filter", "line 1", "column 15"]),
            ('{"price_max": 3, "price_max": 4}', ["--filter", "line 1", "price_max"]),
            ("[]", ["--filter", "object"]),
            ('{"prise_max": 3}', ["--filter: /prise_max", "no condition of this name"]),
            ('{"price_max": "3"}', ["--filter: /price_max", "integer"]),
            ('{"or": [{"brand": "a"}, {"rating_min": 9}]}', ["--filter: /or/1/rating_min", "0.5 to 5"]),
            ('{"attributes": {"a/b": {"max": "x"}}}', ["--filter: /attributes/a~1b/max", "number"]),
        ):
            for json_too in ((), ("--json",)):
                with self.subTest(filter):
                    got = run("recommend", *where, "--user", "u", "--filter", filter, *json_too)
                    self.assertEqual(got.returncode, 2, got.stderr)
                    line, = got.stderr.strip().splitlines()
                    for word in words:
                        self.assertIn(word, line)
        got = run("recommend", "--model", self.folder / "alone.aisle", "--user", "u", "--filter", '{"brand": "a"}')
        self.assertEqual(got.returncode, 2)
        self.assertIn("--data", got.stderr)


if __name__ == "__main__":
    unittest.main()
