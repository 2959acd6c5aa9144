"""What `aisle tune` finds is kept in the shop and listed: the searches, their trials, what a training takes of them."""
import json
import os
import sqlite3
import stat
import subprocess
import unittest

import shop

SEARCH = ("--iterations", "2", "--range", "factors=4..8", "--range", "text-scheme", "--half-life", "90", "--weight", "view=.2")


class Tunings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def tune(self, *args):
        return shop.run("tune", "--data", self.server.data, *args)

    def pages(self, path, limit):
        items, cursor = [], None
        while True:
            page = self.server.get(path, limit=limit, **({"cursor": cursor} if cursor else {})).json
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def test_a_search_is_kept_as_the_command_tells_it_and_trains(self):
        done = json.loads(self.tune(*SEARCH, "--trials", "9", "--split", "time", "--json").splitlines()[-1])
        kept = self.server.get("/v1/admin/tunings", limit=1).json["items"][0]
        same = set(done) - {"event", "looks"}
        self.assertEqual({k: kept[k] for k in same}, {k: done[k] for k in same})
        self.assertEqual(kept["given"], {"iterations": 2, "half-life": 90, "weight": {"view": .2}})
        self.assertEqual(kept["looks"], len(done["looks"]))
        self.assertEqual(self.server.get(f"/v1/admin/tunings/{kept['id']}").json, kept)
        for limit in (1, 4, 100):
            self.assertEqual(self.pages(f"/v1/admin/tunings/{kept['id']}/trials", limit), done["looks"])
        order = {**kept["given"], **kept["best"]["settings"], "model": "als"}
        got = self.server.post("/v1/admin/trainings", {name.replace("-", "_"): value for name, value in order.items()})
        self.assertEqual(got.status, 202, got.body)
        self.assertEqual(self.server.await_job(got.json["id"])["state"], "succeeded")

    def test_searches_come_newest_first_each_once_and_fifty_are_kept(self):
        for k in range(3):
            self.tune("--trials", "1", "--range", "factors=4..8", "--iterations", "1", "--seed", str(k))
        whole = self.pages("/v1/admin/tunings", 100)
        self.assertEqual([t["seed"] for t in whole[:3]], [2, 1, 0])
        self.assertEqual(self.pages("/v1/admin/tunings", 1), whole)
        with sqlite3.connect(self.server.data / "aisle.db", timeout=30) as db:
            first = db.execute("SELECT max(id) FROM tunings").fetchone()[0] + 1
            db.executemany("INSERT INTO tunings (id, ended_ms, looks, head) SELECT ?, ended_ms, looks, head FROM tunings LIMIT 1", [(first + i,) for i in range(60)])
        self.tune("--trials", "1", "--range", "factors=4..8", "--iterations", "1")
        ids = [t["id"] for t in self.pages("/v1/admin/tunings", 100)]
        self.assertEqual(ids, list(range(first + 60, first + 10, -1)))
        self.assertIsNone(self.server.get("/v1/admin/tunings", limit=50).json["next"])  # nothing comes behind a page that is just full
        with sqlite3.connect(self.server.data / "aisle.db", timeout=30) as db:
            self.assertEqual(db.execute("SELECT DISTINCT tuning FROM tuning_looks").fetchall(), [(first + 60,)])
        self.assertEqual(self.server.get(f"/v1/admin/tunings/{first}").status, 404)

    def test_a_search_on_a_shop_that_cannot_be_written_is_told_all_the_same(self):
        if os.geteuid() == 0:
            # root may write anywhere: another writer holds the lock instead
            db = sqlite3.connect(self.server.data / "aisle.db", timeout=30, isolation_level=None)
            db.execute("BEGIN IMMEDIATE")
        else:
            db = None
            os.chmod(self.server.data / "aisle.db", stat.S_IRUSR)
        try:
            got = subprocess.run([shop.AISLE, "tune", "--data", self.server.data, "--trials", "1", "--range", "factors=4..8", "--iterations", "1"], capture_output=True, text=True, timeout=60)
        finally:
            db.close() if db else os.chmod(self.server.data / "aisle.db", stat.S_IRUSR | stat.S_IWUSR)
        self.assertEqual(got.returncode, 0)
        self.assertIn("trial", got.stdout)
        self.assertIn("the console will not show this search", got.stderr)

    def test_what_is_no_search_is_not_found(self):
        for path in ("/v1/admin/tunings/0", "/v1/admin/tunings/x", "/v1/admin/tunings/999999", "/v1/admin/tunings/999999/trials"):
            self.assertEqual(self.server.get(path).status, 404, path)
        for cursor in ("x", "0", "-1"):
            self.assertEqual(self.server.get("/v1/admin/tunings", cursor=cursor).json["errors"][0]["pointer"], "?cursor")


if __name__ == "__main__":
    unittest.main()
