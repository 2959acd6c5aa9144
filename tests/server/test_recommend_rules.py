"""Rules of the shop keeper: pins, hides and boosts, where and when they hold, and their versions."""
import datetime
import sqlite3
import time
import unittest

import shop


def when(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Rules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.user = "u1"
        cls.plain = cls.items()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def tearDown(self):
        self.put()

    @classmethod
    def items(cls, **body):
        answer = cls.server.post("/v1/recommendations", {"user": cls.user, "limit": 20, **body})
        assert answer.status == 200, answer.body
        return answer.json["items"]

    def ids(self, **body):
        return [i["id"] for i in self.items(**body)]

    def put(self, *rules, status=200, headers=None, **members):
        answer = self.server.ask("PUT", "/v1/admin/rules", {"rules": list(rules), **members}, headers=headers)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def patch(self, id, **members):
        answer = self.server.ask("PATCH", f"/v1/admin/products/{id}", members)
        self.assertEqual(answer.status, 200, answer.body)

    def test_a_pinned_product_stands_at_its_place(self):
        ids = [i["id"] for i in self.plain]
        far = self.ids(limit=100)[80]
        self.put({"name": "a", "pin": {"product": far, "position": 3}})
        self.assertEqual(self.ids(), ids[:2] + [far] + ids[2:19])
        self.put({"name": "a", "pin": {"product": ids[5], "position": 1}}, {"name": "b", "pin": {"product": far, "position": 1}})
        self.assertEqual(self.ids(), [ids[5], far] + [i for i in ids if i != ids[5]][:18])
        self.put({"name": "a", "pin": {"product": far, "position": 90}})
        self.assertEqual(self.ids(), ids, "beyond the end of this list")
        self.put({"name": "a", "pin": {"product": "unknown", "position": 1}})
        self.assertEqual(self.ids(), ids)
        self.put({"name": "a", "pin": {"product": far, "position": 2}})
        got = self.items(explain=True, limit=5)
        alone = self.items(explain=True, filter={"id": far})[0]
        self.assertEqual((got[1]["id"], got[1]["score"], got[1]["reasons"], got[1]["parts"]), (far, alone["score"], alone["reasons"], alone["parts"]))
        plain = self.items(explain=True, limit=4, exclude=[far])
        self.assertEqual([(i["id"], i["reasons"], i["parts"]) for i in got[2:]], [(i["id"], i["reasons"], i["parts"]) for i in plain[1:]])

    def test_places_of_pins_count_over_pages(self):
        far = self.ids(limit=100)[80]
        self.put({"name": "a", "pin": {"product": far, "position": 15}})
        first = self.server.post("/v1/recommendations", {"user": self.user, "limit": 10}).json
        second = self.server.post("/v1/recommendations", {"user": self.user, "limit": 10, "next": first["next"]}).json
        third = self.server.post("/v1/recommendations", {"user": self.user, "limit": 10, "next": second["next"]}).json
        self.assertNotIn(far, [i["id"] for i in first["items"] + third["items"]])
        self.assertEqual(second["items"][4]["id"], far)

    def test_a_pin_respects_stock_filter_exclusions_hides_and_what_is_seen(self):
        product = next(i for i in self.items(limit=100)[50:])
        id, first = product["id"], self.plain[0]["id"]
        pin = {"name": "pin", "pin": {"product": id, "position": 1}}
        self.put(pin)
        self.assertEqual(self.ids()[0], id)
        self.patch(id, stock=0)
        self.assertEqual(self.ids()[0], first)
        self.patch(id, stock=7)
        self.assertEqual(self.ids()[0], id)
        self.assertNotIn(id, self.ids(exclude=[id]))
        self.assertNotIn(id, self.ids(filter={"price_max": product["price"] - 1}))
        self.assertNotIn(id, self.ids(items=[id]))
        self.put(pin, {"name": "hide", "hide": {"id": id}})
        self.assertNotIn(id, self.ids())
        self.put(pin)
        event = {"type": "purchase", "session": "pinned", "item": id}
        self.assertEqual(self.ids(user=None, session="pinned")[0], id)
        self.server.post("/v1/events", [event])
        self.assertNotIn(id, self.ids(user=None, session="pinned"))

    def test_hides_and_boosts_hold_for_every_question(self):
        brand = self.plain[0]["brand"]
        self.put({"name": "hide", "hide": {"brand": brand}})
        for body in ({}, {"user": None}, {"filter": {"price_min": 1}}, {"user": None, "session": "x"}):
            items = self.items(**body)
            self.assertEqual(len(items), 20)
            self.assertNotIn(brand, {i["brand"] for i in items})
        self.assertEqual(self.items(filter={"brand": brand}), [])
        self.put({"name": "boost", "boost": {"filter": {"brand": brand}, "by": 100}})
        boosted = self.items(user=None, limit=3)
        self.assertEqual({i["brand"] for i in boosted}, {brand})
        self.assertEqual([i["id"] for i in boosted], self.ids(user=None, limit=3, boost=[]))
        self.put()
        self.assertEqual([i["id"] for i in boosted], self.ids(user=None, limit=3, boost=[{"filter": {"brand": brand}, "by": 100}]))

    def test_a_rule_holds_for_its_time_and_its_places(self):
        ids = [i["id"] for i in self.plain]
        hide = {"hide": {"id": ids[0]}}
        for more, holds in (({}, True), ({"from": when(-1)}, True), ({"until": when(1)}, True), ({"from": when(-2), "until": when(2)}, True),
                            ({"from": when(1)}, False), ({"until": when(-1)}, False), ({"scenarios": ["elsewhere"]}, False), ({"category": "Nowhere"}, False)):
            self.put({"name": "x", **more, **hide})
            self.assertEqual(ids[0] not in self.ids(), holds, more)
        category = self.plain[0]["category"]
        self.put({"name": "x", "category": category.split(" > ")[0], **hide})
        self.assertIn(ids[0], self.ids())
        self.assertNotIn(ids[0], self.ids(filter={"category": category}))
        got = self.server.get("/v1/recommendations", user=self.user, category=category)
        self.assertNotIn(ids[0], [i["id"] for i in got.json["items"]])

    def test_lists_that_are_the_same_for_everyone_follow_them_too(self):
        lists = {"trending": "/v1/trending?limit=10", "related": f"/v1/products/{self.plain[0]['id']}/related?limit=10"}
        get = lambda name: self.server.ask("GET", lists[name]).json["items"]
        for name in lists:
            plain = get(name)
            ids = [i["id"] for i in plain]
            other = [i["id"] for i in self.items(limit=100) if i["id"] not in ids][-1]
            self.put({"name": "pin", "scenarios": [name], "pin": {"product": other, "position": 2}}, {"name": "hide", "hide": {"id": ids[0]}})
            got = [i["id"] for i in get(name)]
            self.assertEqual(got[:9], [ids[1], other] + ids[2:9], name)
            self.assertNotIn(other, [i["id"] for i in self.items()][:2], "it is of one list")
            last = plain[-1]
            self.put({"name": "boost", "scenarios": [name], "boost": {"filter": {"id": last["id"]}, "by": 100}})
            got = get(name)
            self.assertEqual(got[0]["id"], last["id"], name)
            self.assertAlmostEqual(got[0]["score"], last["score"] * 100, places=2)
            self.put({"name": "hide", "category": self.plain[0]["category"], "hide": {"id": ids[0]}})
            self.assertEqual(ids[0] in [i["id"] for i in get(name)], name == "trending", "the product's category")
            self.put({"name": "itself", "pin": {"product": self.plain[0]["id"], "position": 1}})
            self.assertEqual(self.plain[0]["id"] in [i["id"] for i in get(name)], name == "trending")

    def test_versions_keep_two_writers_apart(self):
        tag = self.put({"name": "one", "hide": {}}).headers["etag"]
        seen = self.server.ask("GET", "/v1/admin/rules")
        self.assertEqual((seen.headers["etag"], seen.json["rules"]), (tag, [{"name": "one", "hide": {}}]))
        version = seen.json["version"]
        self.put(status=200, version=version)
        refused = self.put({"name": "late", "hide": {}}, status=409, headers={"If-Match": tag})
        self.assertEqual(refused.json["code"], "version_conflict")
        self.assertEqual(self.put({"name": "late", "hide": {}}, status=409, version=version).json["code"], "version_conflict")
        self.assertEqual(self.server.ask("GET", "/v1/admin/rules").json["rules"], [])
        self.put(headers={"If-Match": "*"})

    def test_wrong_rules_are_pointed_at_and_change_nothing(self):
        good = {"name": "a", "hide": {"brand": "x"}}
        boost = lambda k: {"name": f"b{k}", "boost": {"filter": {}, "by": 2}}
        for rules, pointer, code in (("all", "/rules", "wrong_type"), ([1], "/rules/0", "wrong_type"), ([good, {"hide": {}}], "/rules/1/name", "required"), ([good, good], "/rules/1/name", "conflict"),
                                     ([{**good, "colour": 1}], "/rules/0/colour", "unknown_member"), ([{"name": "a"}], "/rules/0", "required"), ([{**good, "pin": {"product": "p", "position": 1}}], "/rules/0", "required"),
                                     ([{"name": "a", "pin": {"product": "p", "position": 0}}], "/rules/0/pin/position", "out_of_range"), ([{"name": "a", "pin": {"position": 1}}], "/rules/0/pin/product", "required"),
                                     ([{"name": "a", "boost": {"filter": {}, "by": 101}}], "/rules/0/boost/by", "out_of_range"), ([{"name": "a", "boost": {"filter": {"x": 1}, "by": 1}}], "/rules/0/boost/filter/x", "unknown_member"),
                                     ([{**good, "hide": {"or": [{}, 1]}}], "/rules/0/hide/or/1", "wrong_type"), ([{**good, "from": "soon"}], "/rules/0/from", "wrong_type"),
                                     ([{**good, "from": when(2), "until": when(1)}], "/rules/0/until", "out_of_range"), ([{**good, "scenarios": []}], "/rules/0/scenarios", "too_short"),
                                     ([boost(k) for k in range(17)], "/rules/16/boost", "too_many"), ([{**good, "name": str(k)} for k in range(201)], "/rules", "too_many")):
            answer = self.server.ask("PUT", "/v1/admin/rules", {"rules": rules})
            self.assertEqual(answer.status, 422, answer.body)
            self.assertEqual((answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]), (pointer, code), answer.body)
        self.assertEqual(self.ids(), [i["id"] for i in self.plain])

    def test_rules_outlive_the_server_and_another_process_is_heard(self):
        first = self.plain[0]["id"]
        with shop.serving(fresh=False) as server:
            server.ask("PUT", "/v1/admin/rules", {"rules": [{"name": "x", "hide": {"id": first}}]})
            recommended = lambda: [i["id"] for i in server.post("/v1/recommendations", {"user": self.user}).json["items"]]
            self.assertNotIn(first, recommended())
            with sqlite3.connect(server.data / "aisle.db") as db:
                db.execute("UPDATE rules SET version = version + 1, body = '[]'")
            db.close()
            end = time.monotonic() + 20
            while first not in recommended():
                self.assertLess(time.monotonic(), end, "not heard of")
                time.sleep(.1)


if __name__ == "__main__":
    unittest.main()
