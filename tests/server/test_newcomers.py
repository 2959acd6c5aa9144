"""Products that are listed after the training: recommended to those whose history fits, and to nobody else."""
import json
import pathlib
import random
import tempfile
import time
import unittest

import shop

KINDS, STYLES, EACH, USERS = ("woollen scarf", "ceramic kettle"), 5, 8, 200
CATEGORY = ("Wear > Winter", "Home > Kitchen")


def title(kind, style):
    return f"{KINDS[kind]} style{style}"


def write_shop(folder):
    """Who likes one kind and style takes six of its products and two others of the kind."""
    chance = random.Random(3)
    products = [(kind, style, n) for kind in (0, 1) for style in range(STYLES) for n in range(EACH)]
    with open(folder / "products.csv", "w") as f:
        f.write("id,title,category,price,currency\n")
        for kind, style, n in products:
            f.write(f"p{kind}{style}{n},{title(kind, style)},{CATEGORY[kind]},{(9, 25)[kind]}.00,EUR\n")
    with open(folder / "events.csv", "w") as f:
        f.write("user,item,type,time\n")
        for user in range(USERS):
            own, alike = ([p for p in products if p[:n] == (user % 2, user // 2 % STYLES)[:n]] for n in (2, 1))
            for kind, style, n in chance.sample(own, 6) + chance.sample(alike, 2):
                f.write(f"u{user},p{kind}{style}{n},purchase,2025-03-{1 + chance.randrange(28):02}T00:00:00Z\n")


class Newcomers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.folder(fresh=True)
        cls.data = cls.scope.__enter__()
        with tempfile.TemporaryDirectory(prefix="aisle-newcomers-") as folder:
            folder = pathlib.Path(folder)
            write_shop(folder)
            shop.run("import", "--data", cls.data, "--preset", "generated", "--products", folder / "products.csv", "--events",
                     folder / "events.csv")
        shop.train(cls.data, iterations=8, model="als")
        cls.server = shop.Server(cls.data)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.server.log.close()
        cls.scope.__exit__(None, None, None)

    def until(self, what, wanted, timeout=30):
        """The shelf looks for changes once a second."""
        end = time.monotonic() + timeout
        while (got := what()) != wanted:
            self.assertLess(time.monotonic(), end, f"still {got}")
            time.sleep(0.05)

    def put(self, product, kind, style, **more):
        body = {"title": title(kind, style), "category": CATEGORY[kind], "price": (900, 2500)[kind], "currency": "EUR", **more}
        answer = self.server.ask("PUT", f"/v1/admin/products/{product}", body)
        self.assertIn(answer.status, (200, 201), answer.body)

    def recommended(self, limit=10, **who):
        answer = self.server.post("/v1/recommendations", {"limit": limit, **who})
        self.assertEqual(answer.status, 200, answer.body)
        return [i["id"] for i in answer.json["items"]]

    def related(self, product, **query):
        answer = self.server.get(f"/v1/products/{product}/related", **query)
        return [i["id"] for i in answer.json["items"]] if answer.status == 200 else answer.status

    def user_of(self, kind, style, n=0):
        return f"u{kind + 2 * style + 2 * STYLES * n}"

    def test_a_product_put_a_moment_ago_is_recommended_to_the_right_people(self):
        self.put("new-put", 0, 3)
        for n in range(5):
            user = self.user_of(0, 3, n)
            self.until(lambda: "new-put" in self.recommended(user=user), True)
        for style in range(STYLES):
            self.assertNotIn("new-put", self.recommended(user=self.user_of(1, style)))
        self.assertEqual(self.recommended(user=self.user_of(0, 3), exclude=["new-put"]).count("new-put"), 0)

    def test_an_imported_product_is_related_to_its_like(self):
        line = f"id,title,category,price,currency\nnew-import,{title(1, 2)},{CATEGORY[1]},25.00,EUR\n".encode()
        answer = self.server.post("/v1/admin/imports?kind=products&preset=generated", line, headers={"Content-Type": "text/csv"})
        self.assertEqual(self.server.await_job(answer.json["id"])["state"], "succeeded")
        like = {f"p12{n}" for n in range(EACH)}
        self.until(lambda: set(self.related("new-import", limit=EACH)), like)
        for product in like:
            self.assertIn("new-import", self.related(product, intent="content", limit=EACH))
        self.assertIn("new-import", self.recommended(user=self.user_of(1, 2)))
        self.assertNotIn("new-import", self.recommended(user=self.user_of(0, 2)))

    def test_it_goes_when_it_is_sold_out_hidden_or_deleted(self):
        user, path = self.user_of(1, 4), "/v1/admin/products/new-gone"
        seen = lambda: ("new-gone" in self.recommended(user=user), "new-gone" in self.related("p140", intent="content", limit=50))
        self.put("new-gone", 1, 4, stock=5)
        self.until(seen, (True, True))
        for away, back in (({"stock": 0}, {"stock": 1}), ({"hidden": True}, {"hidden": False})):
            answer = self.server.ask("PATCH", path, away)
            self.assertEqual(answer.status, 200, answer.body)
            self.until(seen, (False, False))
            self.assertEqual(self.server.ask("PATCH", path, back).status, 200)
            self.until(seen, (True, True))
        self.assertEqual(self.server.ask("DELETE", path).status, 204)
        self.until(seen, (False, False))
        self.until(lambda: self.related("new-gone"), 404)

    def test_a_product_of_the_model_goes_and_comes_back_too(self):
        user = self.user_of(0, 0)
        first = self.recommended(user=user)[0]
        self.assertTrue(first.startswith("p"), first)
        path, product = f"/v1/admin/products/{first}", self.server.get(f"/v1/products/{first}").json
        for away, back in (({"stock": 0}, {"stock": None}), ({"hidden": True}, {"hidden": False})):
            self.assertEqual(self.server.ask("PATCH", path, away).status, 200)
            self.until(lambda: first in self.recommended(user=user), False)
            self.assertEqual(self.server.ask("PATCH", path, back).status, 200)
            self.until(lambda: first in self.recommended(user=user), True)
        self.assertEqual(self.server.ask("PATCH", path, {"price": 100000}).status, 200)
        self.until(lambda: first in self.recommended(user=user, filter={"price_min": 100000}), True)
        self.assertEqual(self.server.ask("DELETE", path).status, 204)
        self.until(lambda: first in self.recommended(user=user), False)
        self.put(first, 0, 0)
        self.until(lambda: first in self.recommended(user=user), True)
        self.assertEqual(self.server.get(f"/v1/products/{first}").json["title"], product["title"])

    def test_another_text_brings_it_to_other_people(self):
        self.put("new-moves", 0, 1)
        self.until(lambda: "new-moves" in self.recommended(user=self.user_of(0, 1)), True)
        self.put("new-moves", 1, 1)
        self.until(lambda: "new-moves" in self.recommended(user=self.user_of(1, 1)), True)
        self.assertNotIn("new-moves", self.recommended(user=self.user_of(0, 1)))

    def test_who_looks_at_it_is_shown_its_like(self):
        self.put("new-seen", 1, 0)
        self.until(lambda: "new-seen" in self.related("p100", intent="content", limit=50), True)
        self.server.post("/v1/events", [{"type": "view", "session": "curious", "item": "new-seen"}])
        answer = self.server.post("/v1/recommendations", {"session": "curious", "limit": 5, "explain": True}).json
        self.assertEqual(answer["strategy"], "content")
        for item in answer["items"]:
            self.assertTrue(item["id"].startswith(("p10", "new-")), item)
            self.assertEqual(item["reasons"][0]["item"], "new-seen")

    def test_a_text_that_says_nothing_is_nowhere(self):
        answer = self.server.ask("PUT", "/v1/admin/products/new-mute", {"title": "Zyx"})
        self.assertIn(answer.status, (200, 201), answer.body)
        self.put("new-beside", 0, 4)
        self.until(lambda: "new-beside" in self.recommended(user=self.user_of(0, 4)), True)
        self.assertEqual(self.related("new-mute"), [])
        self.assertNotIn("new-mute", self.recommended(user=self.user_of(0, 4), limit=100))

    def test_the_command_line_says_the_same_and_the_next_training_too(self):
        user = self.user_of(0, 2)
        self.put("new-told", 0, 2)
        self.until(lambda: "new-told" in self.recommended(user=user), True)
        told = json.loads(shop.run("recommend", "--data", self.data, "--user", user, "--json"))
        self.assertEqual([i["id"] for i in told["items"]], self.recommended(user=user))
        similar = json.loads(shop.run("similar", "--data", self.data, "--item", "new-told", "-n", "8", "--json"))
        self.assertEqual([i["id"] for i in similar["items"]], self.related("new-told", limit=8))
        version = shop.train(self.data, iterations=8, model="als")
        self.until(lambda: self.server.post("/v1/recommendations", {"limit": 1}).json["model_version"], version)
        self.assertIn("new-told", self.recommended(user=user), "a model that has it, of nobody's taking")
        self.assertNotIn("new-told", self.recommended(user=self.user_of(1, 2)))


if __name__ == "__main__":
    unittest.main()
