"""What the console asks beside the rest of the API: people by their ids, what one has done page by page, the map of the items."""
import unittest

import shop


def pages(server, path, **query):
    """All items of a paged list, and how many pages they came in."""
    items, n, cursor = [], 0, None
    while True:
        page = server.get(path, **query, **({"cursor": cursor} if cursor else {})).json
        items += page["items"]
        n += 1
        cursor = page["next"]
        if cursor is None:
            return items, n
        assert n < 1000


class ConsoleApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def add(self, *events):
        got = self.server.post("/v1/events", list(events))
        self.assertEqual((got.status, got.json["stored"]), (200, len(events)), got.body)

    def test_people_come_by_id_each_once_whatever_the_page(self):
        some, _ = pages(self.server, "/v1/admin/users", limit=100)
        ids = [p["id"] for p in some]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertGreater(len(ids), 250)
        few, n = pages(self.server, "/v1/admin/users", limit=7)
        self.assertEqual(few, some)
        self.assertGreater(n, 30)

    def test_a_prefix_is_only_a_prefix(self):
        for name in ("pre%_fix'1", "pre%_fix'2", "pre%_fiy", "préfix", "pre\U0010ffff"):
            self.add({"type": "view", "user": name, "item": "p1"})
        find = lambda prefix: [p["id"] for p in pages(self.server, "/v1/admin/users", prefix=prefix, limit=2)[0]]
        self.assertEqual(find("pre%_fix'"), ["pre%_fix'1", "pre%_fix'2"])
        self.assertEqual(find("pre"), ["pre%_fix'1", "pre%_fix'2", "pre%_fiy", "pre\U0010ffff"])
        self.assertEqual(find("pré"), ["préfix"])
        self.assertEqual(find("nobody of this name"), [])
        self.assertIn("u1", find(""))

    def test_a_record_is_shown_with_the_account(self):
        got = self.server.post("/v1/account", {"email": "Ann@Shop.example", "password": "correct horse battery", "country": "GB", "age_band": "25-34"})
        user = got.json["user"]["id"]
        person = self.server.get("/v1/admin/users", prefix=user).json["items"][0]
        self.assertEqual((person["email"].lower(), person["country"], person["age_band"], person["gender"]), ("ann@shop.example", "GB", "25-34", None))

    def test_what_one_did_comes_newest_first_each_once_and_at_once(self):
        old, _ = pages(self.server, "/v1/admin/users/u4/events", limit=100)
        self.assertGreater(len(old), 10)
        self.assertEqual([d["time"] for d in old], sorted((d["time"] for d in old), reverse=True))
        new = [{"type": "impression", "user": "u4", "item": f"p{i + 1}", "time": "2026-01-01T00:00:00Z"} for i in range(9)]
        self.add(*new, {"type": "purchase", "user": "u4", "item": "p3", "value": 2, "price": 950, "time": "2026-01-02T00:00:00Z"})
        for limit in (1, 4, 100):
            got, _ = pages(self.server, "/v1/admin/users/u4/events", limit=limit)
            self.assertEqual(len(got), len(old) + 10)
            self.assertEqual(got[10:], old)
            self.assertEqual([d["item"] for d in got[1:10]], [f"p{i}" for i in range(9, 0, -1)])  # the same time: the newest row first
            self.assertEqual((got[0]["type"], got[0]["item"], got[0]["value"], got[0]["price"], got[0]["currency"]), ("purchase", "p3", 2, 950, "EUR"))
            self.assertTrue(got[0]["title"])

    def test_nobody_has_no_list_and_somebody_new_an_empty_one(self):
        self.assertEqual(self.server.get("/v1/admin/users/nobody/events").status, 404)
        user = self.server.post("/v1/account", {"email": "new@shop.example", "password": "correct horse battery"}).json["user"]["id"]
        self.assertEqual(self.server.get(f"/v1/admin/users/{user}/events").json, {"items": [], "next": None})
        for cursor in ("x", "1-", "-1", "1-x", "1"):
            got = self.server.get("/v1/admin/users/u4/events", cursor=cursor)
            self.assertEqual((got.status, got.json["errors"][0]["pointer"]), (422, "?cursor"), cursor)

    def test_the_map_is_the_models_and_the_same_each_time(self):
        whole = self.server.get("/v1/admin/models/current/map")
        self.assertEqual(whole.body, self.server.get("/v1/admin/models/current/map").body)
        items = whole.json["items"]
        self.assertEqual(len({p["id"] for p in items}), len(items))
        self.assertGreater(len(items), 100)
        self.assertEqual([p["popularity"] for p in items], sorted((p["popularity"] for p in items), reverse=True))
        first, second = whole.json["shares"]
        self.assertTrue(1 >= first >= second > 0)
        spread = lambda axis: sum(p[axis] ** 2 for p in items)
        self.assertAlmostEqual(spread("x") / spread("y"), first / second, 3)
        few = self.server.get("/v1/admin/models/current/map", limit=5).json["items"]
        self.assertEqual([p["id"] for p in few], [p["id"] for p in items[:5]])


if __name__ == "__main__":
    unittest.main()
