"""The shop keeper's products: create, replace, patch, remove, many at once; what of it is seen where, and when."""
import json
import unittest

import shop

KEEP = {"title": "Cast-iron pot", "description": "Keeps the heat.", "brand": "Ferrum", "category": "Home > Kitchen > Pots",
        "price": 4900, "currency": "EUR", "stock": 3, "attributes": {"colour": "black", "litres": 4.5, "suits": ["gas", "induction"]},
        "images": [{"url": "/media/p7.jpg", "alt": "A pot", "width": 800, "height": 600}, {"url": "https://cdn.example/p7.png"}],
        "created": "2026-01-02T03:04:05.000Z"}


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def put(self, id, body, status=200, **headers):
        answer = self.server.ask("PUT", f"/v1/admin/products/{id}", body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def patch(self, id, body, status=200, **headers):
        answer = self.server.ask("PATCH", f"/v1/admin/products/{id}", body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def delete(self, id, status=204, **headers):
        answer = self.server.ask("DELETE", f"/v1/admin/products/{id}", headers={k.replace("_", "-"): v for k, v in headers.items()})
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def listed(self, **query):
        return [p["id"] for p in self.server.get("/v1/products", **query).json["items"]]

    def pointers(self, answer):
        return [e["pointer"] for e in answer.json["errors"]]

    def test_what_is_put_is_read_again(self):
        made = self.put("pot%2F7", KEEP, 201)
        self.assertEqual({k: made.json[k] for k in KEEP}, KEEP)
        self.assertEqual((made.json["id"], made.json["version"], made.json["hidden"]), ("pot/7", 1, False))
        self.assertEqual(made.json["rating"], {"average": None, "count": 0})
        read = self.server.get("/v1/products/pot%2F7")
        self.assertEqual((read.json, read.headers["etag"]), (made.json, made.headers["etag"]))
        self.assertEqual(self.put("pot%2F7", KEEP).json["version"], 1, "equal: nothing changes")
        less = self.put("pot%2F7", {"title": "Pot"}).json
        self.assertEqual((less["version"], less["price"], less["stock"], less["attributes"], less["images"]), (2, None, None, None, []))
        self.assertEqual(less["created"], KEEP["created"])
        self.delete("pot%2F7")

    def test_a_change_is_in_the_next_list_and_in_the_next_read(self):
        for n in range(20):
            self.put("fresh", {"title": f"Fresh {n}", "brand": "Freshly", "price": n, "stock": n % 2}, 201 if n == 0 else 200)
            items = self.server.get("/v1/products", brand="Freshly", fields="title,price,in_stock").json["items"]
            self.assertEqual(items, [{"id": "fresh", "title": f"Fresh {n}", "price": n, "currency": None, "in_stock": n % 2 == 1}])
            self.assertEqual(self.server.get("/v1/products/fresh").json["price"], n)
            self.assertEqual(len(self.listed(brand="Freshly", in_stock="true")), n % 2)
        self.patch("fresh", {"hidden": True})
        self.assertEqual(self.listed(brand="Freshly"), [])
        self.assertEqual(self.server.get("/v1/products/fresh").json["hidden"], True, "without keys everyone is the shop keeper")
        self.patch("fresh", {"hidden": False})
        self.assertEqual(self.listed(brand="Freshly"), ["fresh"])
        self.delete("fresh")
        self.assertEqual(self.listed(brand="Freshly"), [])
        self.assertEqual(self.server.get("/v1/products/fresh").status, 404)
        self.assertEqual(self.put("fresh", {}, 201).json["version"], 23, "no version is used twice")
        self.delete("fresh")

    def test_the_tree_of_categories_follows(self):
        def roots():
            return {n["path"]: n["count"] for n in self.server.get("/v1/categories").json["items"]}
        before = roots()
        self.put("tree", {"category": "Attic > Boxes"}, 201)
        self.assertEqual(roots(), {**before, "Attic": 1})
        self.patch("tree", {"stock": 0})
        self.assertEqual(roots(), {**before, "Attic": 1})
        self.patch("tree", {"category": "Cellar"})
        self.assertEqual(roots(), {**before, "Cellar": 1})
        self.delete("tree")
        self.assertEqual(roots(), before)

    def test_what_is_gone_hidden_or_sold_out_is_not_recommended(self):
        top = [i["id"] for i in self.server.get("/v1/trending", limit=3).json["items"]]
        before = {i: self.server.get(f"/v1/products/{i}").json for i in top}
        self.delete(top[0])
        self.patch(top[1], {"hidden": True})
        self.patch(top[2], {"stock": 0})
        self.assertEqual(self.server.get(f"/v1/products/{top[0]}/related").status, 404)
        self.assertEqual(self.server.get(f"/v1/products/{top[1]}/related").status, 200, "without keys everyone is the shop keeper")
        left = [i["id"] for i in self.server.get("/v1/trending", limit=50).json["items"]]
        self.assertTrue(left and not set(left) & set(top))
        for i in top:
            self.put(i, {k: before[i][k] for k in before[i] if k not in ("in_stock", "rating", "version")}, 201 if i == top[0] else 200)

    def test_search_follows_what_is_changed_and_removed(self):
        def found(q):
            return [i["id"] for i in self.server.get("/v1/search", q=q).json["items"]]
        self.put("sought", {"title": "Quixotic windmill"}, 201)
        self.assertEqual(found("quixotic"), ["sought"])
        self.patch("sought", {"title": "Quotidian windmill"})
        self.assertEqual(found("quotidian"), ["sought"])
        self.patch("sought", {"hidden": True})
        self.assertEqual(found("quotidian"), [])
        self.patch("sought", {"hidden": False})
        self.delete("sought")
        self.assertEqual(found("quotidian"), [])

    def test_patches_merge(self):
        self.put("pot", KEEP, 201)
        got = self.patch("pot", {"title": "Pan", "brand": None, "attributes": {"colour": None, "litres": 5, "new": [True]}}).json
        self.assertEqual((got["title"], got["brand"], got["price"]), ("Pan", None, 4900))
        self.assertEqual(got["attributes"], {"litres": 5, "new": [True], "suits": ["gas", "induction"]})
        self.assertEqual(self.patch("pot", {"attributes": None}, Content_Type="application/merge-patch+json").json["attributes"], None)
        self.assertEqual(self.patch("pot", {"stock_delta": 4}).json["stock"], 7)
        self.assertEqual(self.patch("pot", {"stock_delta": -7}).json["stock"], 0)
        self.assertEqual(self.patch("pot", {"stock_delta": -1}, 422).json["code"], "insufficient_stock")
        self.assertEqual(self.pointers(self.patch("pot", {"stock_delta": 1, "stock": 1}, 422)), ["/stock_delta"])
        self.assertEqual(self.patch("pot", {"stock": None}).json["stock"], None)
        self.assertEqual(self.patch("pot", {"stock_delta": 5}).json["stock"], None, "not counted")
        self.assertEqual(self.patch("none", {"title": "x"}, 404).json["code"], "not_found")
        self.put("full", {"attributes": {f"a{i}": 1 for i in range(100)}}, 201)
        self.patch("full", {"attributes": {"b": 1}}, 422)
        self.patch("full", {"attributes": {"b": 1, "a0": None}})
        self.delete("pot")
        self.delete("full")

    def test_another_version_is_a_conflict(self):
        first = self.put("v", {"title": "1"}, 201)
        tag = first.headers["etag"]
        self.put("v", {"title": "2"}, If_Match=tag)
        for answer in (self.put("v", {"title": "3"}, 409, If_Match=tag), self.patch("v", {"title": "3"}, 409, If_Match=tag),
                       self.patch("v", {"title": "3", "version": 1}, 409), self.delete("v", 409, If_Match=tag),
                       self.put("v", {"title": "3"}, 409, If_None_Match="*"), self.put("w", {}, 409, If_Match="*")):
            self.assertEqual(answer.json["code"], "version_conflict")
        self.put("v", {"title": "3", "version": 2})
        self.put("v", {"title": "4"}, 422, If_Match="soon")
        self.put("w", {"version": 0}, 201, If_None_Match="*")
        self.delete("v", If_Match=self.server.get("/v1/products/v").headers["etag"])
        self.delete("v", 404)
        self.delete("w", If_Match="*")

    def test_many_at_once_with_a_status_for_each(self):
        rows = [{"id": "m1", "title": "One"}, {"id": "m2", "price": -1}, {"title": "no id"}, [], {"id": "m1", "title": "One"},
                {"id": "m3", "version": 9}]
        for body, headers in ((rows, {}), ({"products": rows}, {}),
                              ("\n".join(json.dumps(r) for r in rows), {"Content-Type": "application/x-ndjson"})):
            answer = self.server.post("/v1/admin/products", body, headers=headers)
            self.assertEqual(answer.status, 200, answer.body)
            self.assertEqual([r["status"] for r in answer.json["results"]],
                             ["created", "rejected", "rejected", "rejected", "unchanged", "rejected"])
            self.assertEqual([r["errors"][0]["pointer"] for r in answer.json["results"] if "errors" in r],
                             ["/products/1/price", "/products/2/id", "/products/3", "/products/5/version"])
            self.assertEqual({k: answer.json[k] for k in ("created", "updated", "unchanged", "rejected")},
                             {"created": 1, "updated": 0, "unchanged": 1, "rejected": 4})
            self.delete("m1")
        atomic = self.server.post("/v1/admin/products?atomic=true", rows[:2])
        self.assertEqual((atomic.status, self.pointers(atomic)), (422, ["/products/1/price"]))
        self.assertEqual(self.server.post("/v1/admin/products?atomic=true", [rows[0], rows[5]]).status, 409)
        self.assertEqual(self.server.get("/v1/products/m1").status, 404)
        self.assertEqual(self.server.post("/v1/admin/products", []).status, 422)
        self.assertEqual(self.server.post("/v1/admin/products", [{}] * 1001).status, 422)
        self.assertEqual(self.server.post("/v1/admin/products", "x", headers={"Content-Type": "text/csv"}).status, 415)
        many = [{"id": f"bulk{i}", "brand": "Bulk", "price": i, "stock": i % 3} for i in range(1000)]
        self.assertEqual(self.server.post("/v1/admin/products", many).json["created"], 1000)
        page = self.server.get("/v1/products", brand="Bulk", sort="-price", in_stock="true", limit=3)
        self.assertEqual((page.json["total"], [p["price"] for p in page.json["items"]]), (666, [998, 997, 995]))

    def test_every_member_is_checked(self):
        good = {"title": "t", "description": "", "brand": "b", "category": "A > B", "price": 0, "currency": "EUR", "stock": 0,
                "attributes": {}, "images": [], "hidden": False, "created": "2026-01-01T00:00:00Z", "version": 0}
        hostile = [0, -1, 1.5, 1e308, 2**53, 2**53 + 1, 2**63 - 1, -2**63, "", " ", "x", "x" * 501, "x" * 30000, "\ud83d\ude00" * 70, "A > ",
                   " > A", " > ".join("abcdefghijk"), "eur", "EU", "ZZZ", "1970-01-01", "2026-13-01T00:00:00Z", "javascript:alert(1)", True,
                   False, None, [], {}, [[]], [{}], [None], {"": 1}, {"a": {}}, {"a": [[]]}, {"a": None}, {"x" * 101: 1}, {"a": "x" * 1001},
                   {"a": [1] * 51}, {str(i): i for i in range(101)}, [{"url": "ftp://x/y"}], [{"url": "data:text/html,x"}], [{"url": "//evil/x"}],
                   [{"url": "http:///x"}], [{"url": "/a b"}], [{"url": "/a", "width": 0}], [{"url": "/a", "height": 1e9}],
                   [{"url": "/a", "alt": 5}], [{"url": "/a", "onload": "x"}], [{"url": "/" + "x" * 2000}], [{"url": "/a"}] * 21]
        refused = 0
        for member in [*good, "id", "rating", "in_stock", "stock_delta", "nonsense", "a/b~c"]:
            for value in hostile:
                for method in ("PUT", "PATCH"):
                    answer = self.server.ask(method, "/v1/admin/products/hostile", {**good, member: value} if method == "PUT" else {member: value})
                    self.assertTrue(200 <= answer.status < 500, (method, member, value, answer.status, answer.body))
                    if answer.status == 422:
                        refused += 1
                        if answer.json["code"] == "validation_failed":
                            pointer = self.pointers(answer)[0] if "errors" in answer.json else "/attributes"
                            self.assertTrue(pointer.startswith("/" + member.replace("~", "~0").replace("/", "~1")), (member, value, pointer))
                    elif answer.status == 201:
                        self.delete("hostile")
                    read = self.server.get("/v1/products/hostile")
                    self.assertIn(read.status, (200, 404))
        self.assertGreater(refused, 800)
        for bad in ("{", "[]", "null", '{"title": "a", "title": "b"}', '{"title": "\\u0000"}', '{"title": "\\ud800"}', '{"price": 1e400}'):
            answer = self.server.ask("PUT", "/v1/admin/products/hostile", bad, headers={"Content-Type": "application/json"})
            self.assertIn(answer.status, (400, 422), bad)
        self.assertEqual(self.server.ask("PUT", "/v1/admin/products/" + "x" * 300, {}).status, 422)
        self.assertEqual(self.server.ask("PUT", "/v1/admin/products/x", "a", headers={"Content-Type": "text/plain"}).status, 415)

    def test_the_key_is_needed_once_there_is_one(self):
        with shop.folder() as data:
            key = shop.run("key", "add", "boss", "--data", data).split()[0]
            server = shop.Server(data)
            try:
                for method, path in (("PUT", "/v1/admin/products/x"), ("PATCH", "/v1/admin/products/x"),
                                     ("DELETE", "/v1/admin/products/x"), ("POST", "/v1/admin/products")):
                    self.assertEqual(server.ask(method, path, {}).status, 401)
                self.assertEqual(server.ask("PUT", "/v1/admin/products/x", {"hidden": True}, key=key).status, 201)
                self.assertEqual(server.get("/v1/products/x").status, 404)
                self.assertEqual(server.get("/v1/products/x/related").status, 404)
                seen = server.ask("GET", "/v1/products/x", key=key)
                self.assertEqual((seen.status, seen.headers["cache-control"]), (200, "private, no-store"))
                self.assertEqual(server.get("/v1/products/x").status, 404, "the answer was not kept for others")
            finally:
                server.stop()
                server.log.close()


class Caching(unittest.TestCase):
    def test_guests_may_keep_what_everyone_sees(self):
        with shop.serving() as server:
            one = server.get("/v1/products", limit=1).json["items"][0]["id"]
            for path in ("/v1/products?limit=5&facets=brand", f"/v1/products/{one}", "/v1/categories"):
                first = server.get(path)
                self.assertRegex(first.headers["cache-control"], r"^public, max-age=\d+$")
                self.assertIn("Cookie", first.headers["vary"])
                tag = first.headers["etag"]
                self.assertTrue(tag.startswith('"'), "a strong tag")
                again = server.ask("GET", path, headers={"If-None-Match": tag})
                self.assertEqual((again.status, again.body, again.headers["etag"]), (304, b"", tag))
                head = server.ask("HEAD", path)
                self.assertEqual((head.status, head.body, head.headers["etag"]), (200, b"", tag))
                self.assertEqual(int(head.headers["content-length"]), len(first.body))

    def test_people_who_are_signed_in_keep_it_for_themselves(self):
        with shop.serving() as server:
            made = server.post("/v1/account", {"email": "a@example.org", "password": "correct horse battery"})
            cookie = {"Cookie": made.headers["set-cookie"].split(";")[0]}
            one = server.get("/v1/products", limit=1).json["items"][0]["id"]
            for path in ("/v1/products?limit=5", f"/v1/products/{one}", "/v1/categories"):
                first = server.ask("GET", path, headers=cookie)
                self.assertEqual((first.status, first.headers["cache-control"]), (200, "private, no-cache"))
                again = server.ask("GET", path, headers={**cookie, "If-None-Match": first.headers["etag"]})
                self.assertEqual((again.status, again.headers["cache-control"]), (304, "private, no-cache"))
                self.assertEqual(server.get(path).headers["cache-control"][:6], "public")

    def test_a_tag_changes_with_the_product(self):
        with shop.serving() as server:
            one = server.get("/v1/products", limit=1).json["items"][0]["id"]
            tags = set()
            for n in range(5):
                server.ask("PATCH", f"/v1/admin/products/{one}", {"stock": n})
                other = server.ask("PATCH", "/v1/admin/products/" + server.get("/v1/products", limit=2).json["items"][1]["id"], {"stock": n + 5})
                self.assertEqual(other.status, 200)
                got = server.get(f"/v1/products/{one}")
                self.assertEqual(got.json["stock"], n)
                tags.add(got.headers["etag"])
            self.assertEqual(len(tags), 5)


if __name__ == "__main__":
    unittest.main()
