"""Search, suggestions and synonyms: a small catalogue whose answers are known, and hostile text."""
import csv
import json
import re
import time
import unittest

import shop

PRODUCTS = [
    ("SKU-100/A", "Chocolate milk", "Alpina", "Food > Drinks > Milk", 199, 5, {"size": "1 l", "organic": "yes"}, "Cocoa and whole milk."),
    ("SKU-101", "Milk chocolate bar", "Alpina", "Food > Sweets", 149, 0, {"size": "100 g"}, "With Alpine milk & hazelnuts <fresh>."),
    ("SKU-102", "Dark chocolate bar", "Bruno", "Food > Sweets", 179, 9, {"size": "100 g"}, ""),
    ("SKU-103", "Potato chips paprika", "Crispo", "Food > Snacks", 229, 3, {"size": "150 g"}, "Crisp."),
    ("SKU-104", "Sweet potato", "Farmers", "Food > Vegetables", 99, 40, {}, ""),
    ("SKU-105", "Crème brûlée", "Café Noir", "Food > Desserts", 399, 2, {}, "French dessert with caramel."),
    ("SKU-106", "Vanilla ice cream", "Gelato", "Food > Frozen", 499, 8, {"size": "500 ml"}, ""),
    ("SKU-107", "Shampoo for dry hair", "Lockig", "Care > Hair", 329, 4, {"hair": "dry"}, ""),
    ("SKU-108", "Conditioner for dry hair", "Lockig", "Care > Hair", 349, 4, {"hair": "dry"}, ""),
    ("SKU-109", "Sofa, three seats", "Hygge", "Home > Living room", 59900, 1, {"colour": "grey"}, ""),
    ("SKU-110", "Couch table", "Hygge", "Home > Living room", 12900, 6, {"colour": "oak"}, ""),
    ("SKU-111", "Lemonade", "Fizz", "Food > Drinks > Soft drinks", 129, 60, {"size": "330 ml"}, "A soft drink."),
    ("SKU-112", "Vitamin D drops", "Sun", "Care > Health", 899, 7, {}, ""),
    ("SKU-113", "Vitamin C tablets", "Sun", "Care > Health", 699, 7, {}, ""),
    ("SKU-114", "The Who: greatest hits", "Vinyl", "Music", 1999, 3, {}, ""),
    ("SKU-115", "Refrigerator", "Kalt", "Home > Kitchen", 49900, 2, {"colour": "white"}, ""),
    ("SKU-116", "Dried strawberries", "Farmers", "Food > Snacks", 459, 3, {"size": "80 g"}, ""),
    ("SKU-117", "日本茶", "Kyoto", "Food > Drinks", 999, 3, {}, ""),
]


def write_catalogue(path):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(["id", "title", "brand", "category", "price", "currency", "stock", "attributes", "description"])
        for sku, title, brand, category, price, stock, attributes, text in PRODUCTS:
            w.writerow([sku, title, brand, category, price / 100, "EUR", stock, json.dumps(attributes), text])


class Search(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.folder(fresh=True)
        data = cls.scope.__enter__()
        write_catalogue(data.parent / "products.csv")
        shop.run("import", "--data", data, "--products", data.parent / "products.csv")
        cls.server = shop.Server(data)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.log.close()
        cls.scope.__exit__(None, None, None)

    def search(self, q, **query):
        answer = self.server.get("/v1/search", q=q, **query)
        self.assertEqual(answer.status, 200, (q, answer.body))
        return answer.json

    def ids(self, q, **query):
        return [i["id"] for i in self.search(q, **query)["items"]]

    def first(self, q):
        return (self.ids(q) or [None])[0]

    def test_words_are_found_in_any_order_case_accent_and_number(self):
        for q in ("chocolate milk", "MILK chocolates", "  milk   chocolate "):
            self.assertEqual(set(self.ids(q)), {"SKU-100/A", "SKU-101"}, q)
        self.assertEqual(self.first("creme brulee"), "SKU-105")
        self.assertEqual(self.first("CRÈME BRÛLÉES"), "SKU-105")
        self.assertEqual(self.first("cafe noir"), "SKU-105")
        self.assertEqual(self.first("日本茶"), "SKU-117")
        self.assertEqual(self.first("strawberry dry"), "SKU-116")

    def test_the_title_counts_more_than_the_rest(self):
        self.assertEqual(self.ids("vanilla"), ["SKU-106"])
        self.assertEqual(self.ids("potatoes")[0], "SKU-104") # the shorter title
        self.assertEqual(self.ids("couch")[0], "SKU-110")

    def test_ids_brands_categories_and_attributes_are_found(self):
        self.assertEqual(self.ids("sku-100/a")[0], "SKU-100/A")
        self.assertEqual(self.ids("SKU-114"), ["SKU-114"])
        self.assertEqual(set(self.ids("lockig")), {"SKU-107", "SKU-108"})
        self.assertEqual(set(self.ids("hygge living")), {"SKU-109", "SKU-110"})
        self.assertEqual(self.ids("refrigerator white"), ["SKU-115"])
        self.assertEqual(self.ids("hair 500 "), self.ids("500 hair ")) # nothing has both: some
        self.assertEqual(self.search("hair 500 ")["matched"], "some")

    def test_the_last_word_and_words_that_no_product_has_may_be_unfinished(self):
        self.assertEqual(self.first("vanil"), "SKU-106")
        self.assertEqual(self.first("refriger"), "SKU-115")
        self.assertEqual(set(self.ids("cho")), {"SKU-100/A", "SKU-101", "SKU-102"})
        self.assertEqual(self.first("vanil cr"), "SKU-106")
        self.assertEqual(self.first("vitamin d"), "SKU-112")
        self.assertEqual(self.first("vitamin c"), "SKU-113")

    def test_phrases_and_exclusions(self):
        self.assertEqual(self.ids('"milk chocolate"'), ["SKU-101"])
        self.assertEqual(self.ids('"chocolate milk"'), ["SKU-100/A"])
        self.assertEqual(set(self.ids("chocolate -milk")), {"SKU-102"})
        self.assertEqual(set(self.ids('chocolate -"milk chocolate"')), {"SKU-100/A", "SKU-102"})
        self.assertEqual(self.ids('"the who"'), ["SKU-114"])
        self.assertEqual(self.ids("the who"), ["SKU-114"])
        self.assertEqual(self.search("-chocolate")["total"], 0)

    def test_typing_errors_are_forgiven_by_length(self):
        for q, want in (("lemonadde", "SKU-111"), ("lemoande", "SKU-111"), ("lemnade", "SKU-111"), ("shampo ", "SKU-107"), ("sahmpoo", "SKU-107"),
                        ("refridgerater", "SKU-115"), ("refrigertaor", "SKU-115"), ("conditonar", "SKU-108")):
            got = self.search(q)
            self.assertEqual(got["items"][0]["id"], want, q)
            self.assertIsNotNone(got["did_you_mean"], q)
        self.assertEqual(self.search("lemnade")["did_you_mean"], "lemonade")
        for q in ("sofq ", "xemonqde ", "xqzwvvv"): # four letters; two errors of eight; nothing near
            self.assertEqual(self.ids(q), [], q)

    def test_words_run_together_or_torn_apart(self):
        self.assertEqual(self.first("icecream"), "SKU-106")
        self.assertEqual(self.search("icecream")["did_you_mean"], "ice cream")
        self.assertEqual(self.first("sham poo"), "SKU-107")
        self.assertEqual(self.first("vanilla icecream"), "SKU-106")

    def test_where_nothing_has_all_words_some_will_do(self):
        got = self.search("chocolate shampoo")
        self.assertEqual(got["matched"], "some")
        self.assertEqual({i["id"] for i in got["items"]}, {"SKU-100/A", "SKU-101", "SKU-102", "SKU-107"})
        got = self.ids("vanilla ice sofa")
        self.assertEqual(got[0], "SKU-106") # two of the words come before one
        self.assertEqual(self.search("chocolate milk")["matched"], "all")

    def test_what_matched_is_marked_in_escaped_html(self):
        item = next(i for i in self.search("hazelnut milk")["items"] if i["id"] == "SKU-101")
        self.assertEqual(item["highlights"]["title"], "<mark>Milk</mark> chocolate bar")
        self.assertEqual(item["highlights"]["description"], "With Alpine <mark>milk</mark> &amp; <mark>hazelnuts</mark> &lt;fresh&gt;.")
        self.assertEqual(self.search("brulee")["items"][0]["highlights"], {"title": "Crème <mark>brûlée</mark>"})
        for item in self.search("chocolate")["items"]:
            for text in item["highlights"].values():
                self.assertNotIn("<", text.replace("<mark>", "").replace("</mark>", ""))

    def test_filters_facets_and_sorts_are_those_of_the_list(self):
        got = self.search("chocolate", facets="brand,attr.size", sort="price")
        self.assertEqual([i["price"] for i in got["items"]], [149, 179, 199])
        self.assertEqual({v["value"]: v["count"] for v in got["facets"]["brand"]["values"]}, {"Alpina": 2, "Bruno": 1})
        self.assertEqual(self.ids("chocolate", brand="Bruno"), ["SKU-102"])
        self.assertEqual(set(self.ids("chocolate", category="Food > Sweets")), {"SKU-101", "SKU-102"})
        self.assertEqual(set(self.ids("chocolate", in_stock="true")), {"SKU-100/A", "SKU-102"})
        self.assertEqual(self.ids("chocolate", price_min=180), ["SKU-100/A"])
        self.assertEqual(set(self.ids("chocolate", **{"attr.size": "100 g"})), {"SKU-101", "SKU-102"})

    def test_pages_hold_every_hit_once(self):
        for sort in ("relevance", "price"):
            whole, ids, cursor = self.ids("food", limit=100, sort=sort), [], None
            while True:
                page = self.search("food", limit=2, sort=sort, **({"cursor": cursor} if cursor else {}))
                ids += [i["id"] for i in page["items"]]
                cursor = page["next"]
                self.assertEqual(page["total"], len(whole))
                if cursor is None:
                    break
            self.assertEqual(ids, whole)
        self.assertGreater(len(whole), 5)
        first = self.search("food", limit=2)["next"]
        for q, cursor in (("milk", first), ("food", "x"), ("food", first[:-1]), ("food", first.upper() + "0")):
            self.assertEqual(self.server.get("/v1/search", q=q, limit=2, cursor=cursor).status, 422, (q, cursor))

    def test_a_changed_text_is_found_at_once_and_its_words_soon(self):
        with open(self.server.data.parent / "more.csv", "w") as f:
            f.write("id,title,price,stock\nNEW-1,Zanzibar cloves,3.5,2\n")
        shop.run("import", "--data", self.server.data, "--products", self.server.data.parent / "more.csv")
        self.assertEqual(self.ids("zanzibar "), ["NEW-1"])
        end = time.monotonic() + 20
        while time.monotonic() < end and self.search("zanzibra")["total"] == 0:
            time.sleep(0.1)
        self.assertEqual(self.ids("zanzibra"), ["NEW-1"])

    def test_synonyms_stand_for_each_other(self):
        sets = [["sofa", "couch"], ["soft drink", "lemonade", "soda pop"]]
        self.assertEqual(self.ids("soda pop "), [])
        answer = self.server.ask("PUT", "/v1/admin/synonyms", {"synonyms": sets})
        self.assertEqual((answer.status, answer.json), (200, {"synonyms": sets}))
        self.assertEqual(self.server.get("/v1/admin/synonyms").json, {"synonyms": sets})
        end = time.monotonic() + 20
        while time.monotonic() < end and not self.ids("soda pop "):
            time.sleep(0.1)
        self.assertEqual(self.ids("soda pop "), ["SKU-111"])
        self.assertEqual(set(self.ids("couch ")), {"SKU-109", "SKU-110"})
        self.assertEqual(self.ids("couch ")[0], "SKU-110") # the word itself comes first
        self.assertEqual(self.ids("couch grey "), ["SKU-109"])
        for wrong, pointer in (({"synonyms": [["a"]]}, "/synonyms/0"), ({"synonyms": [["a", 1]]}, "/synonyms/0/1"), ({"synonyms": [["a", ""]]}, "/synonyms/0/1"),
                               ({"synonyms": [["a", "b" * 65]]}, "/synonyms/0/1"), ({"synonyms": "a"}, "/synonyms"), ({}, "/synonyms"), ({"synonyms": [], "x": 1}, "/x")):
            answer = self.server.ask("PUT", "/v1/admin/synonyms", wrong)
            self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, pointer), wrong)
        self.assertEqual(self.server.ask("PUT", "/v1/admin/synonyms", {"synonyms": []}).status, 200)

    def test_suggestions_complete_words_and_name_categories_brands_and_products(self):
        got = self.server.get("/v1/search/suggest", q="cho").json
        self.assertIn("chocolate", got["completions"])
        self.assertEqual({p["id"] for p in got["products"]}, {"SKU-100/A", "SKU-101", "SKU-102"})
        self.assertIn("<mark>Chocolate</mark> milk", [p["highlight"] for p in got["products"]])
        got = self.server.get("/v1/search/suggest", q="dry ha").json
        self.assertEqual(got["completions"], ["dry hair"])
        got = self.server.get("/v1/search/suggest", q="snac").json
        self.assertEqual(got["categories"], [{"category": "Food > Snacks", "count": 2}])
        self.assertEqual(self.server.get("/v1/search/suggest", q="hyg").json["brands"], [{"brand": "Hygge", "count": 2}])
        for q in ("", " ", "-", '"', "c", "chocolate ", "xyzzy"):
            self.assertEqual(self.server.get("/v1/search/suggest", q=q).status, 200, q)

    def test_hostile_text_is_answered(self):
        texts = ['"', '""', '"""', "'", "a\"b\"c", "chocolate NEAR milk", "NEAR(a b, 2)", "a AND OR NOT", "title:milk", "{title brand}:x", "^milk", "milk*",
                 "*", "-", "--", "-\"", "- -", "(", "((a", "a+b", "a;DROP TABLE products", "%", "_", "\\", "a" * 512, "a " * 256, "-a " * 100, '"a" ' * 100,
                 "\U0001f600", "\U0001f469\u200d\U0001f467", "\u202e\u05d0\u05d1", "\u0301", "\u0301" * 200, "\u00e9\u0301\u0301", "\ufeffmilk", "\u0130", "\t\n",
                 "ﬁne", "ＭＩＬＫ", "１２３", "\u200b", "x" * 65, "é" * 200, "milk\u00a0chocolate", "0" * 300]
        for path in ("/v1/search", "/v1/search/suggest"):
            for text in texts:
                answer = self.server.get(path, q=text)
                self.assertEqual(answer.status, 200, (path, text, answer.body))
            self.assertEqual(self.server.get(path, q="a" * 513).status, 422)
            self.assertIn(self.server.ask("GET", path + "?q=" + "a" * 8190).status, (414, 422))
            for raw, status in (("?q=%00", 400), ("?q=%ff", 400), ("?q=%", 400), ("", 422), ("?q=a&q=b", 422), ("?q=a&colour=red", 422)):
                self.assertEqual(self.server.ask("GET", path + raw).status, status, (path, raw))
        self.assertEqual(self.first("ＭＩＬＫ chocolate bar"), "SKU-101")
        for query, pointer in ((dict(sort="best"), "?sort"), (dict(limit=101), "?limit"), (dict(personalize="yes"), "?personalize"), (dict(user="u"), "?user"),
                               (dict(personalize="true", sort="price"), "?sort")):
            answer = self.server.get("/v1/search", q="a", **query)
            self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, pointer), query)


class Personal(unittest.TestCase):
    def test_hits_come_in_the_order_of_who_searches(self):
        with shop.serving() as server:
            word = re.split(r"\W+", server.get("/v1/products", limit=1).json["items"][0]["category"])[0]
            plain = server.get("/v1/search", q=word, limit=100).json
            self.assertGreater(plain["total"], 20)
            self.assertFalse(plain["personalized"])
            tagged = [i["id"] for i in plain["items"]]
            item = tagged[len(tagged) // 2]
            server.post("/v1/events", [{"type": "purchase", "session": "me", "item": item}])
            mine = server.get("/v1/search", q=word, limit=100, personalize="true", session="me").json
            self.assertTrue(mine["personalized"])
            self.assertEqual(mine["total"], plain["total"])
            ids = [i["id"] for i in mine["items"]]
            self.assertEqual(set(ids), set(tagged))
            self.assertNotEqual(ids, tagged)
            self.assertLess(ids.index(item), tagged.index(item))
            scores = [i["score"] for i in mine["items"]]
            self.assertEqual(scores, sorted(scores, reverse=True))
            paged, cursor = [], None
            while True:
                page = server.get("/v1/search", q=word, limit=7, personalize="true", session="me", **({"cursor": cursor} if cursor else {})).json
                paged += [i["id"] for i in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    break
            self.assertEqual(paged[:len(ids)], ids)
            self.assertEqual(len(paged), plain["total"])
            nobody = server.get("/v1/search", q=word, personalize="true", session="unheard of").json
            self.assertFalse(nobody["personalized"])


if __name__ == "__main__":
    unittest.main()
