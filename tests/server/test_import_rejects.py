"""Dropped rows of imports: kept with line, column, what was got and wanted; paged; bounded; gone with the people they name."""
import gzip
import sqlite3
import subprocess
import unittest

import shop
from people import PASSWORD, register

HEADER = "user,item,type,time,value\n"


class ImportRejects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def bring(self, body, **query):
        query = "&".join(f"{k}={v}" for k, v in {"kind": "events", **query}.items())
        got = self.server.ask("POST", f"/v1/admin/imports?{query}", body if isinstance(body, bytes) else body.encode(), {"Content-Type": "text/csv"})
        self.assertEqual(got.status, 202, got.body)
        job = self.server.await_job(got.json["id"])
        self.assertEqual(job["state"], "succeeded", job)
        return job["id"]

    def rows(self, job, **query):
        items, cursor = [], None
        while True:
            page = self.server.get(f"/v1/admin/imports/{job}/rejects", limit=100, **query, **({"cursor": cursor} if cursor else {})).json
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    def test_a_row_is_kept_with_its_line_its_column_what_was_got_and_what_was_wanted(self):
        job = self.bring(HEADER + "u1,p1,view,2026-01-01,\nu1,,view,2026-01-01,\n,p1,view,2026-01-01,\nu1,p1,view,yesterday,\nu1,p1,looked,2026-01-01,\n"
                         "u1,p1,purchase,2026-01-01,0\nu1,p1,purchase,2026-01-01,-2\nu1,p1,rating,2026-01-01,ten\nu1,p1\nu1,p1,view,2026-01-01,\n" + f"{'x' * 256},p1,view,2026-01-01,\n")
        rows = self.rows(job)
        self.assertEqual([(r["line"], r["reason"], r["column"], r["got"]) for r in rows[:-1]], [
            (3, "no-item", "item", ""), (4, "no-user", "user", ""), (5, "bad-time", "time", "yesterday"), (6, "bad-type", "type", "looked"), (7, "bad-number", "value", "0"),
            (8, "negative-quantity", "value", "-2"), (9, "bad-number", "value", "ten"), (10, "unreadable", None, None), (11, "duplicate-row", None, None)])
        self.assertEqual((rows[-1]["reason"], rows[-1]["got"]), ("id-too-long", "x" * 200 + "…"))
        self.assertEqual(rows[2]["row"], "u1,p1,view,yesterday,")
        self.assertTrue(all(r["wanted"] for r in rows))
        self.assertIn("header has: 5", rows[7]["wanted"])
        self.assertEqual([r["line"] for r in self.rows(job, reason="bad-number")], [7, 9])

    def test_names_of_the_file_are_shown_and_joined_columns_together(self):
        job = self.bring("who;what;when;at\nann;p1;never;noon\nann;;2026-01-01;\n", map="user=who,item=what,time=when%2Bat", event_type="view")
        self.assertEqual([(r["column"], r["got"]) for r in self.rows(job)], [("when+at", "never noon"), ("what", "")])
        job = self.bring('{"id":"p1","price":"dear"}\n{"price":3}\n[1]\n', kind="products", format="jsonl")
        self.assertEqual([(r["line"], r["reason"], r["column"], r["got"]) for r in self.rows(job)],
                         [(1, "bad-number", "price", "dear"), (2, "no-item", "id", ""), (3, "unreadable", None, None)])

    def test_attributes_deeper_than_the_api_takes(self):
        rows = [f'{{"id":"deep{n}","attributes":{chr(123)}{chr(34)}a":{"[" * (n - 1)}{"]" * (n - 1)}}}}}' for n in (32, 33, 2040)]
        job = self.bring("\n".join(rows), kind="products", format="jsonl")
        self.assertEqual([(r["line"], r["reason"], r["column"], r["wanted"]) for r in self.rows(job)],
                         [(n, "too-deep", "attributes", "attributes of at most 32 levels") for n in (2, 3)])
        self.assertEqual([self.server.get(f"/v1/products/deep{n}").status for n in (32, 33)], [200, 404])
        self.assertEqual(len(self.rows(job, reason="too-deep")), 2)

    def test_pages_hold_each_row_once(self):
        job = self.bring(HEADER + "".join(f"u1,,view,2026-01-{1 + i % 28:02}T00:00:{i // 28:02}Z,\nu1,p1,view,{i}?,\n" for i in range(60)))
        whole = self.rows(job)
        self.assertEqual([r["line"] for r in whole], list(range(2, 122)))
        got, cursor = [], None
        while cursor != "":
            page = self.server.get(f"/v1/admin/imports/{job}/rejects", limit=7, reason="bad-time", **({"cursor": cursor} if cursor else {})).json
            got += page["items"]
            cursor = page["next"] or ""
        self.assertEqual(got, whole[1::2])
        page = self.server.get(f"/v1/admin/imports/{job}/rejects", limit=60, reason="bad-time").json
        self.assertEqual((len(page["items"]), page["next"]), (60, None))  # nothing comes behind a page that is just full

    def test_the_first_hundred_of_each_reason_are_kept_and_twenty_imports(self):
        first = self.bring(HEADER + "".join(f"u1,p1,view,{i} o'clock,\n" for i in range(150)) + "u1,,view,2026-01-01,\n")
        rows = self.rows(first)
        self.assertEqual(len(rows), 101)
        self.assertEqual(rows[-1]["reason"], "no-item")  # whatever came before it
        self.bring(HEADER + "u1,p1,view,2026-03-03,\n")  # drops nothing, and counts for nothing
        jobs = [self.bring(HEADER + "u1,,view,2026-01-01,\n") for _ in range(20)]
        self.assertEqual(self.rows(first), [])
        self.assertEqual([len(self.rows(j)) for j in jobs], [1] * 20)

    def test_hostile_bytes_come_as_valid_text_of_bounded_length(self):
        evil = b"u1,p1,view,\xff\xfe<script>alert(1)</script>\x1b[31m,\n" + b"u1,p1,view," + "é".encode() * 3000 + b",\nu1,p1,view,\x00,\n"
        rows = self.rows(self.bring(gzip.compress(HEADER.encode() + evil)))
        self.assertEqual(rows[0]["got"], "\ufffd\ufffd<script>alert(1)</script>\x1b[31m")
        self.assertEqual(rows[1]["got"], "é" * 100 + "…")
        self.assertLessEqual(len(rows[1]["row"].encode()), 503)
        self.assertTrue(rows[1]["row"].endswith("é…"))
        self.assertEqual((rows[2]["reason"], rows[2]["column"]), ("unreadable", None))
        self.assertNotIn("\0", rows[2]["row"])

    def test_only_imports_have_rejected_rows(self):
        training = self.server.post("/v1/admin/trainings", {"factors": 4, "iterations": 1}).json["id"]
        self.server.await_job(training)
        for job in (training, 10 ** 6, 0, "x"):
            self.assertEqual(self.server.get(f"/v1/admin/imports/{job}/rejects").status, 404, job)
        job = self.bring(HEADER + "u1,,view,2026-01-01,\n")
        for pointer, query in {"?reason": {"reason": "none"}, "?cursor": {"cursor": "x"}, "?limit": {"limit": 101}}.items():
            got = self.server.get(f"/v1/admin/imports/{job}/rejects", **query)
            self.assertEqual((got.status, got.json["errors"][0]["pointer"]), (422, pointer))

    def test_rows_of_somebody_erased_go_with_them_and_those_of_others_stay(self):
        browser, _, user = register(self.server, name="Rejected Rita")
        name = user["id"]
        job = self.bring(HEADER + f"{name},p1,view,soon,\nu1,p1,view,soon,\n{name}\nu2\nu1,p1,view,{name},\n")
        self.assertEqual(len(self.rows(job)), 5)
        self.assertEqual(browser.ask("DELETE", "/v1/account", {"password": PASSWORD}).status, 204)
        self.assertEqual([r["line"] for r in self.rows(job)], [3, 6])

    def kept(self, data):
        with sqlite3.connect(data / "aisle.db") as db:
            return [r[0] for r in db.execute("SELECT line FROM import_rejects WHERE job = 7 ORDER BY n")]

    def test_rows_without_a_readable_user_go_with_anybody_since_they_may_say_the_id_in_other_words(self):
        with shop.folder() as data:
            file = data.parent / "e.jsonl"
            subprocess.run([shop.AISLE, "user", "add", "m@shop.example", "--id", "müller", "--data", data], input=PASSWORD + "\n", text=True, check=True, capture_output=True)
            file.write_text('{"user":"m\\u00fcller","item":"p1","address":"12 High Street"\n{"user":"u1","item":"p1","type":"view","time":"soon"}\n'
                                    '{"user":"","session":"m\\u00fcller","item":"p1","type":"view","time":"noon"}\n["m\\u00fcller"]\n')
            shop.run("import", "--data", data, "--events", file, "--job", 7)
            self.assertEqual(self.kept(data), [1, 2, 3, 4])
            shop.run("user", "remove", "--data", data, "m@shop.example")
            self.assertEqual(self.kept(data), [2])

    def test_a_job_that_is_imported_again_keeps_what_it_drops_then(self):
        with shop.folder() as data:
            file = data.parent / "e.csv"
            for lines, kept in {"u1,,view,2026-01-01,\nu1,p1,view,soon,\n": [2, 3], "u1,p1,view,2026-01-01,\nu1,,view,2026-01-01,\n": [3], "u9,p1,view,2026-01-01,\n": []}.items():
                file.write_text(HEADER + lines)
                shop.run("import", "--data", data, "--events", file, "--job", 7)
                self.assertEqual(self.kept(data), kept)

    def test_the_command_line_keeps_none(self):
        with shop.folder() as data:
            file = data.parent / "e.csv"
            file.write_text(HEADER + "u1,,view,2026-01-01,\n")
            shop.run("import", "--data", data, "--events", file)
            with sqlite3.connect(data / "aisle.db") as db:
                self.assertEqual(db.execute("SELECT count(*) FROM import_rejects").fetchone(), (0,))


if __name__ == "__main__":
    unittest.main()
