"""API keys and their scopes, and what pages of other origins may do."""
import json
import sqlite3
import subprocess
import time
import unittest

import people
import shop
from people import Browser, register

VIEW = {"type": "view", "item": "p"}


def key_add(data, name, *options):
    return shop.run("key", "add", name, *options, "--data", data).strip()


class Scopes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        data = cls.server.data
        cls.admin = key_add(data, "admin")
        cls.read = key_add(data, "read", "--scopes", "read")
        cls.events = key_add(data, "events", "--scopes", "events")
        cls.page = key_add(data, "page", "--publishable")
        cls.server.await_closed()
        cls.person, _, cls.user = register(cls.server)
        cls.other, _, _ = register(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def test_each_key_may_what_its_scopes_say_and_a_publishable_one_names_no_user(self):
        user, ask = self.user["id"], self.server.ask
        table = (  # what, and the status for nobody, read, events, publishable, admin
            (("GET", f"/v1/recommendations?user={user}"), 401, 200, 403, 403, 200),
            (("GET", "/v1/recommendations?session=s"), 401, 200, 403, 200, 200),
            (("GET", "/v1/recommendations"), 200, 200, 200, 200, 200),
            (("POST", "/v1/recommendations", {"requests": [{}, {"user": user}]}), 401, 200, 403, 403, 200),
            (("POST", "/v1/events", [VIEW, {**VIEW, "user": user}]), 401, 403, 200, 403, 200),
            (("POST", "/v1/events", [{**VIEW, "session": "s"}]), 401, 403, 200, 200, 200),
            (("POST", "/v1/events", [VIEW]), 200, 200, 200, 200, 200),
            (("GET", "/v1/admin/jobs"), 401, 403, 403, 403, 200),
            (("GET", "/metrics"), 401, 403, 403, 403, 200),
            (("GET", "/v1/account"), 401, 401, 401, 401, 401))
        for asked, *want in table:
            got = [ask(*asked, key=key).status for key in (None, self.read, self.events, self.page, self.admin)]
            self.assertEqual(got, want, asked)

    def test_people_speak_of_themselves_and_of_nobody_else(self):
        mine = {**VIEW, "user": self.user["id"]}
        self.assertEqual(self.person.post("/v1/events", [mine]).status, 200)
        self.assertEqual(self.other.post("/v1/events", [mine]).status, 403)
        self.assertEqual(self.other.post("/v1/events", [VIEW, mine]).status, 403)
        self.assertEqual(self.person.get(f"/v1/recommendations?user={self.user['id']}").status, 200)
        self.assertEqual(self.other.get(f"/v1/recommendations?user={self.user['id']}").status, 403)
        self.assertEqual(self.person.get("/v1/recommendations?session=s").status, 403)
        self.assertEqual(self.other.ask("GET", f"/v1/recommendations?user={self.user['id']}", key=self.page).status, 403)

    def test_wrong_keys_are_nobody(self):
        for wrong in (self.admin[:-1], self.admin + "A", self.admin.lower(), self.page.replace("aisle_pub_", "aisle_"), "aisle_" + "A" * 43, "", "x"):
            self.assertEqual(self.server.ask("GET", "/v1/admin/jobs", headers={"Authorization": f"Bearer {wrong}"}).status, 401, wrong)
        for scheme in ("Basic " + self.admin, self.admin, "Bearer", "Bearer\t" + self.admin):
            self.assertEqual(self.server.ask("GET", "/v1/admin/jobs", headers={"Authorization": scheme}).status, 401, scheme)

    def test_a_row_changed_by_hand_makes_no_admin_of_a_pages_key(self):
        with sqlite3.connect(self.server.data / "aisle.db", timeout=10) as db:
            db.execute("UPDATE api_keys SET scope = 'admin,read' WHERE name = 'page'")
        try:
            self.assertEqual(self.server.ask("GET", "/v1/admin/jobs", key=self.page).status, 403)
        finally:
            with sqlite3.connect(self.server.data / "aisle.db", timeout=10) as db:
                db.execute("UPDATE api_keys SET scope = 'read,events' WHERE name = 'page'")

    def test_use_is_noted(self):
        end = time.monotonic() + 10
        self.server.ask("GET", "/v1/admin/jobs", key=self.admin)
        while True:
            keys = {k["name"]: k for k in json.loads(shop.run("key", "list", "--json", "--data", self.server.data))["keys"]}
            if keys["admin"]["last_used"]:
                break
            self.assertLess(time.monotonic(), end)
        self.assertEqual((keys["page"]["publishable"], keys["page"]["scope"]), (True, "read,events"))
        self.assertTrue(self.page.startswith("aisle_pub_"))


class Rotation(unittest.TestCase):
    def test_the_key_before_is_good_for_its_time_of_grace(self):
        with shop.serving(fresh=True) as server:
            old = key_add(server.data, "ops")
            server.await_closed()
            new = shop.run("key", "rotate", "ops", "--grace", 1, "--data", server.data).strip()
            for key in (old, new):
                self.assertEqual(server.ask("GET", "/v1/admin/jobs", key=key).status, 200)
            with sqlite3.connect(server.data / "aisle.db", timeout=10) as db:
                db.execute("UPDATE api_keys SET old_until_ms = old_until_ms - 3600001")
            self.assertEqual([server.ask("GET", "/v1/admin/jobs", key=k).status for k in (old, new)], [401, 200])
            newer = shop.run("key", "rotate", "ops", "--grace", 0, "--data", server.data).strip()
            self.assertEqual([server.ask("GET", "/v1/admin/jobs", key=k).status for k in (new, newer)], [401, 200])
            for file in server.data.glob("aisle.db*"):
                for key in (old, new, newer):
                    self.assertNotIn(key[6:].encode(), file.read_bytes())

    def test_wrong_orders_are_named(self):
        with shop.folder(fresh=True) as data:
            for args, code, word in ((("add", "k", "--scopes", "all"), 2, "all"), (("add", "k", "--publishable", "--scopes", "read,admin"), 2, "publishable"),
                                     (("add", "k", "--scopes", ""), 2, "--scopes"), (("rotate", "k"), 1, ""), (("add", "a b"), 2, "NAME")):
                done = subprocess.run([shop.AISLE, "key", *args, "--data", data], capture_output=True, text=True)
                self.assertEqual(done.returncode, code, (args, done.stderr))
                self.assertIn(word, done.stderr)
            key_add(data, "k")
            self.assertEqual(subprocess.run([shop.AISLE, "key", "rotate", "none", "--data", data], capture_output=True).returncode, 1)


class Origins(unittest.TestCase):
    LISTED = "https://shop.example"

    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving("--cors-origins", f"{cls.LISTED}, http://localhost:3000", "--trusted-proxies", "127.0.0.1", fresh=True)
        cls.server = cls.scope.__enter__()
        cls.key = key_add(cls.server.data, "ops")
        cls.server.await_closed()
        cls.person, cls.email, _ = register(cls.server)

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def change(self, headers, cookie=True, path="/v1/account", method="PATCH", body=None):
        """A change of state, with just these fields and the person's cookie."""
        kept = {"Cookie": "aisle=" + self.person.cookie} if cookie else {}
        return self.server.ask(method, path, body if body is not None else {"gender": "f"}, headers={**kept, **headers})

    def test_with_the_cookie_only_our_own_pages_change_anything(self):
        ours = f"http://127.0.0.1:{self.server.port}"
        for headers in ({"Origin": ours}, {"Sec-Fetch-Site": "same-origin"}, {"Origin": ours, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
                        {"Origin": self.LISTED, "Sec-Fetch-Site": "same-site"}):
            self.assertEqual(self.change(headers).status, 200, headers)
        for headers in ({}, {"Origin": "null"}, {"Origin": "https://evil.example"}, {"Origin": ours + ".evil.example"}, {"Origin": ours.replace("http:", "https:")},
                        {"Origin": f"http://127.0.0.1:{self.server.port + 1}"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": ours, "Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, {"Origin": ""},
                        {"Origin": self.LISTED + ".evil.example"}):
            got = self.change(headers)
            self.assertEqual((got.status, got.json["code"]), (403, "access_denied"), headers)

    def test_reading_changes_nothing_and_is_free(self):
        for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            got = self.server.ask("GET", "/v1/account", headers={"Cookie": "aisle=" + self.person.cookie, **headers})
            self.assertEqual(got.status, 200)
            self.assertNotIn("access-control-allow-origin", got.headers)

    def test_other_sites_cannot_sign_anybody_in_or_leave_events(self):
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        body = {"email": self.email, "password": people.PASSWORD}
        self.assertEqual(self.change(foreign, cookie=False, path="/v1/session", method="POST", body=body).status, 403)
        self.assertEqual(self.change(foreign, cookie=False, path="/v1/events", method="POST", body=[VIEW]).status, 403)
        self.assertEqual(self.change({}, cookie=False, path="/v1/events", method="POST", body=[VIEW]).status, 200, "no browser, no cookie")

    def test_programs_need_no_origin(self):
        token = self.server.post("/v1/session", {"email": self.email, "password": people.PASSWORD, "bearer": True}).json["token"]
        self.assertEqual(self.server.ask("PATCH", "/v1/account", {"gender": "f"}, key=token).status, 200)

    def test_an_admins_cookie_administers_only_from_our_pages(self):
        subprocess.run([shop.AISLE, "user", "add", "boss@shop.example", "--admin", "--data", self.server.data], input="the boss of it all\n", text=True, check=True,
                       capture_output=True)
        boss = people.sign_in(self.server, "boss@shop.example", "the boss of it all")
        self.assertEqual(boss.post("/v1/admin/models/9/activate").status, 404)
        for origin in ("https://evil.example", "null"):
            self.assertEqual(boss.post("/v1/admin/models/9/activate", headers={"Origin": origin}).status, 403)

    def test_listed_origins_are_answered_and_others_not(self):
        got = self.server.ask("OPTIONS", "/v1/events", headers={"Origin": self.LISTED, "Access-Control-Request-Method": "POST"})
        self.assertEqual((got.status, got.headers["access-control-allow-origin"], got.headers["access-control-allow-credentials"]), (204, self.LISTED, "true"))
        self.assertIn("POST", got.headers["access-control-allow-methods"])
        self.assertIn("Authorization", got.headers["access-control-allow-headers"])
        self.assertIn("Origin", got.headers["vary"])
        got = self.server.ask("GET", "/v1/session", headers={"Origin": self.LISTED})
        self.assertEqual(got.headers["access-control-allow-origin"], self.LISTED)
        for origin in ("https://evil.example", "null", "*", self.LISTED + ":444", "http://shop.example"):
            for method, path in (("OPTIONS", "/v1/events"), ("GET", "/v1/session")):
                got = self.server.ask(method, path, headers={"Origin": origin})
                self.assertNotIn("access-control-allow-origin", got.headers, origin)
                self.assertIn("Origin", got.headers["vary"])

    def test_without_a_list_nobody_is_answered(self):
        with shop.serving(fresh=True) as server:
            got = server.ask("OPTIONS", "/v1/events", headers={"Origin": f"http://127.0.0.1:{server.port}", "Access-Control-Request-Method": "POST"})
            self.assertFalse([h for h in got.headers if h.startswith("access-control")])

    def test_behind_a_proxy_that_ends_tls_the_cookie_is_for_tls_only(self):
        proxied = {"X-Forwarded-Proto": "https", "Origin": f"https://127.0.0.1:{self.server.port}"}
        got = self.server.post("/v1/session", {"email": self.email, "password": people.PASSWORD}, headers=proxied)
        self.assertRegex(got.headers["set-cookie"], r"^__Host-aisle=ast_\S{43}; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+$")
        token = got.headers["set-cookie"].split("=", 1)[1].split(";")[0]
        ask = lambda name, **more: self.server.ask("GET", "/v1/account", headers={"Cookie": f"{name}={token}", **more}).status
        self.assertEqual(ask("__Host-aisle", **proxied), 200)
        self.assertEqual(ask("aisle", **proxied), 401, "a cookie that a plain page could have set")
        self.assertEqual(self.server.post("/v1/session", {"email": self.email, "password": people.PASSWORD},
                                          headers={**proxied, "Origin": f"http://127.0.0.1:{self.server.port}"}).status, 403)


if __name__ == "__main__":
    unittest.main()
