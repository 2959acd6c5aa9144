"""Accounts and sessions over HTTP: who may do what, what is refused, what outlives what."""
import concurrent.futures
import glob
import http.client
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import people
import shop
from people import PASSWORD, Browser, new_email, register, sign_in


def hashes(server):
    """Passwords hashed or compared so far."""
    return int(re.search(r"^aisle_password_hashes_total (\d+)$", server.get("/metrics").body.decode(), re.M).group(1))


def stored(server, sql, *args):
    with sqlite3.connect(server.data / "aisle.db") as db:
        return db.execute(sql, args).fetchall()


class Served(unittest.TestCase):
    options = ()

    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving(*cls.options)
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.scope.__exit__(None, None, None)
        assert code == 0, code

    def problem(self, answer, status, code, *pointers):
        self.assertEqual((answer.status, answer.json["code"]), (status, code), answer.body)
        if pointers:
            self.assertEqual(sorted((e["pointer"], e["code"]) for e in answer.json["errors"]), sorted(pointers))


class Registering(Served):
    def test_who_registers_is_signed_in_and_sees_the_account(self):
        browser, email, user = register(self.server, name="Ann", age_band="25-34", gender="f", country="GB")
        self.assertEqual({k: user[k] for k in ("email", "name", "age_band", "gender", "country", "admin")},
                         {"email": email, "name": "Ann", "age_band": "25-34", "gender": "f", "country": "GB", "admin": False})
        self.assertEqual(browser.get("/v1/account").json, user)
        self.assertEqual(browser.get("/v1/session").json["user"], user)

    def test_an_email_has_one_account_in_whatever_case_it_is_written(self):
        _, email, _ = register(self.server)
        self.problem(Browser(self.server).post("/v1/account", {"email": email.upper(), "password": PASSWORD}), 409, "conflict")
        sign_in(self.server, email.upper())

    def test_what_is_no_email_or_password_is_refused_with_its_place(self):
        body = {"email": "ann@shop.example", "password": PASSWORD}
        for change, pointer, code in (
                ({"email": "ann"}, "/email", "wrong_form"), ({"email": "a b@c"}, "/email", "wrong_form"), ({"email": "a@b@c"}, "/email", "wrong_form"),
                ({"email": None}, "/email", "required"), ({"email": "a@" + "b" * 260}, "/email", "too_long"), ({"email": 5}, "/email", "wrong_type"),
                ({"password": "seven77"}, "/password", "too_short"), ({"password": "x" * 1025}, "/password", "too_long"),
                ({"password": None}, "/password", "required"), ({"name": "a\nb"}, "/name", "wrong_characters"), ({"name": ""}, "/name", "too_short"),
                ({"country": "x" * 65}, "/country", "too_long")):
            with self.subTest(change=change):
                self.problem(Browser(self.server).post("/v1/account", {**body, **change}), 422, "validation_failed", (pointer, code))

    def test_members_that_are_not_the_persons_to_set_are_refused(self):
        for member in ("admin", "id", "created", "user_id", "scopes"):
            got = Browser(self.server).post("/v1/account", {"email": new_email(), "password": PASSWORD, member: 1})
            self.problem(got, 422, "validation_failed", ("/" + member, "unknown_member"))
        browser, _, user = register(self.server)
        for member in ("admin", "id", "email", "password"):
            self.problem(browser.ask("PATCH", "/v1/account", {member: True}), 422, "validation_failed", ("/" + member, "unknown_member"))
        self.assertEqual(browser.get("/v1/account").json, user)

    def test_common_passwords_are_refused_and_uncommon_ones_are_not(self):
        before = hashes(self.server)
        for word in ("password", "Password1", "P@ssw0rd!", "12345678", "87654321", "qwertyuiop", "QWERTY123", "iloveyou", "letmein1!", "aaaaaaaa",
                     "abababab", "abc12345", "1q2w3e4r", "football99", "monkeymonkey", "trustno1", "Summer2024!", "adminadmin", "asdfghjkl;"):
            with self.subTest(word):
                got = Browser(self.server).post("/v1/account", {"email": new_email(), "password": word})
                self.problem(got, 422, "validation_failed", ("/password", "too_common"))
        self.problem(Browser(self.server).post("/v1/account", {"email": "magdalena@x.example", "password": "Magdalena77"}), 422, "validation_failed",
                     ("/password", "too_common"))
        self.assertEqual(hashes(self.server), before, "refused before anything is hashed")
        for word in ("kfuzp-oroma", "zwölfzwölf", "correct horse", "Tr0ub4dor&3", "passwordless living", "日本語のパスワード"):
            with self.subTest(word):
                register(self.server, password=word)

    def test_a_password_counts_to_its_last_character(self):
        for long in ("ab cd ef g" * 13, "ü" * 9 + "x" * 500 + "yz!", "long words " * 90):
            _, email, _ = register(self.server, password=long)
            sign_in(self.server, email, long)
            for wrong in (long[:-1], long + "x", long[:72]):
                got = Browser(self.server).post("/v1/session", {"email": email, "password": wrong})
                self.assertIn(got.status, (401, 422), wrong)

    def test_only_json_is_taken(self):
        body = json.dumps({"email": new_email(), "password": PASSWORD})
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None):
            headers = {"Content-Type": kind} if kind else {}
            self.problem(self.server.ask("POST", "/v1/account", body, headers=headers), 415, "unsupported_media_type")

    def test_the_profile_is_merged_and_null_forgets(self):
        browser, _, user = register(self.server, name="Ann", country="GB")
        self.assertEqual(browser.ask("PATCH", "/v1/account", {"gender": "f", "name": None}).json, {**user, "gender": "f", "name": None})
        self.assertEqual(browser.get("/v1/account").json, {**user, "gender": "f", "name": None})
        self.assertEqual(stored(self.server, "SELECT gender, country FROM users WHERE ext = ?", user["id"]), [("f", "GB")])


class Sessions(Served):
    def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(self):
        got = Browser(self.server).post("/v1/account", {"email": new_email(), "password": PASSWORD})
        cookie = got.headers["set-cookie"]
        self.assertRegex(cookie, r"^aisle=ast_[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Lax; Max-Age=\d+$")
        self.assertNotIn("token", got.json)
        self.assertEqual(got.headers["cache-control"], "no-store")

    def test_only_a_hash_of_the_token_is_stored(self):
        browser, _, _ = register(self.server)
        for file in self.server.data.glob("aisle.db*"):
            self.assertNotIn(browser.cookie[4:].encode(), file.read_bytes(), file)

    def test_a_token_is_new_at_every_sign_in_and_the_one_before_ends(self):
        browser, email, _ = register(self.server)
        first = browser.cookie
        sign_in(self.server, email, browser=browser)
        self.assertNotEqual(browser.cookie, first)
        self.assertEqual(Browser(self.server, first).get("/v1/account").status, 401)
        self.assertEqual(browser.get("/v1/account").status, 200)

    def test_a_token_that_the_client_made_up_is_not_taken(self):
        made_up = "ast_" + "A" * 43
        browser = Browser(self.server, made_up)
        _, email, _ = register(self.server)
        sign_in(self.server, email, browser=browser)
        self.assertNotEqual(browser.cookie, made_up)
        self.assertEqual(Browser(self.server, made_up).get("/v1/account").status, 401)

    def test_signing_out_ends_the_token_at_once(self):
        browser, _, _ = register(self.server)
        token = browser.cookie
        self.assertEqual(browser.ask("DELETE", "/v1/session").status, 204)
        self.assertIsNone(browser.cookie)
        self.assertEqual(Browser(self.server, token).get("/v1/account").status, 401)
        self.assertEqual(browser.ask("DELETE", "/v1/session").status, 204, "again is fine")

    def test_programs_sign_in_for_a_bearer_token_and_get_no_cookie(self):
        _, email, user = register(self.server)
        got = self.server.post("/v1/session", {"email": email, "password": PASSWORD, "bearer": True})
        self.assertNotIn("set-cookie", got.headers)
        token = got.json["token"]
        self.assertEqual(self.server.ask("GET", "/v1/account", key=token).json, user)
        self.assertEqual(self.server.ask("DELETE", "/v1/session", key=token).status, 204)
        self.problem(self.server.ask("GET", "/v1/account", key=token), 401, "authentication_required")
        self.problem(self.server.ask("GET", "/v1/session", key=token), 401, "authentication_required")

    def test_a_person_sees_and_ends_own_sessions_and_nobody_elses(self):
        one, email, _ = register(self.server)
        two = sign_in(self.server, email)
        stranger, _, _ = register(self.server)
        items = one.get("/v1/sessions", headers={"User-Agent": "One"}).json["items"]
        self.assertEqual(len(items), 2)
        self.assertEqual([i["current"] for i in items].count(True), 1)
        other = next(i["id"] for i in items if not i["current"])
        self.problem(stranger.ask("DELETE", f"/v1/sessions/{other}"), 404, "not_found")
        self.assertEqual(two.get("/v1/account").status, 200)
        self.assertEqual(one.ask("DELETE", f"/v1/sessions/{other}").status, 204)
        self.assertEqual(two.get("/v1/account").status, 401)
        for wrong in ("0", "-1", "x", "9223372036854775808", str(other)):
            self.problem(one.ask("DELETE", f"/v1/sessions/{wrong}"), 404, "not_found")

    def test_changing_the_password_ends_the_other_sessions(self):
        one, email, _ = register(self.server)
        two = sign_in(self.server, email)
        new = "another horse battery"
        self.problem(one.post("/v1/account/password", {"current_password": "wrong", "new_password": new}), 422, "validation_failed",
                     ("/current_password", "wrong_password"))
        self.assertEqual(two.get("/v1/account").status, 200)
        self.assertEqual(one.post("/v1/account/password", {"current_password": PASSWORD, "new_password": new}).status, 204)
        self.assertEqual((one.get("/v1/account").status, two.get("/v1/account").status), (200, 401))
        self.problem(Browser(self.server).post("/v1/session", {"email": email, "password": PASSWORD}), 401, "invalid_credentials")
        sign_in(self.server, email, new)

    def test_a_hundred_sessions_stay(self):
        _, email, user = register(self.server)
        with sqlite3.connect(self.server.data / "aisle.db", timeout=10) as db:
            row, = db.execute("SELECT id FROM users WHERE ext = ?", (user["id"],)).fetchone()
            for i in range(150):
                session = db.execute("INSERT INTO sessions (ext, user_id) VALUES (?, ?)", (f"made-{i}", row)).lastrowid
                db.execute("INSERT INTO tokens VALUES (randomblob(32), ?, ?, 1, ?, NULL)", (session, row, int(time.time() * 1000) - i))
        browser = sign_in(self.server, email)
        self.assertEqual(len(browser.get("/v1/sessions").json["items"]), 100)
        self.assertEqual(stored(self.server, "SELECT count(*) FROM tokens WHERE user_id = ?", row), [(100,)])

    def test_a_session_is_needed_where_the_account_is_meant(self):
        for method, path in (("GET", "/v1/account"), ("PATCH", "/v1/account"), ("DELETE", "/v1/account"), ("POST", "/v1/account/password"),
                             ("GET", "/v1/account/export"), ("GET", "/v1/sessions"), ("DELETE", "/v1/sessions/1")):
            got = self.server.ask(method, path, {} if method in ("PATCH", "POST", "DELETE") else None)
            self.problem(got, 401, "authentication_required")
            self.assertIn("www-authenticate", got.headers)


class Guessing(Served):
    def same(self, a, b):
        """Nothing but what belongs to each request differs."""
        self.assertEqual(a.status, b.status)
        ours = ("x-request-id", "date")
        self.assertEqual({k: v for k, v in a.headers.items() if k not in ours}, {k: v for k, v in b.headers.items() if k not in ours})
        self.assertEqual({**a.json, "request_id": 0}, {**b.json, "request_id": 0})

    def test_an_unknown_email_and_a_wrong_password_cannot_be_told_apart(self):
        _, email, _ = register(self.server)
        counts, answers = [], []
        for who in (email, new_email("nobody")):
            before = hashes(self.server)
            answers.append(Browser(self.server).post("/v1/session", {"email": who, "password": "not the password"}))
            counts.append(hashes(self.server) - before)
        self.problem(answers[0], 401, "invalid_credentials")
        self.same(*answers)
        self.assertEqual(counts, [1, 1], "both hash, once: that is what takes the time")

    def test_failures_make_an_account_wait_and_others_not_and_a_restart_does_not_forget(self):
        with shop.serving() as server:
            _, email, _ = register(server)
            _, other, _ = register(server)
            for _ in range(6):
                self.problem(server.post("/v1/session", {"email": email, "password": "wrong"}), 401, "invalid_credentials")
            before = hashes(server)
            waiting = server.post("/v1/session", {"email": email, "password": PASSWORD})
            self.problem(waiting, 429, "rate_limited")
            self.assertGreaterEqual(int(waiting.headers["retry-after"]), 1)
            self.assertEqual(hashes(server), before, "not even compared")
            sign_in(server, other)
            server.kill()
            with sqlite3.connect(server.data / "aisle.db") as db:
                self.assertEqual(db.execute("SELECT max(failures) FROM throttles").fetchone(), (6,))
                db.execute("UPDATE throttles SET failures = 9, at_ms = at_ms, until_ms = at_ms + 60000")
            server.start()
            self.problem(server.post("/v1/session", {"email": email, "password": PASSWORD}), 429, "rate_limited")
            self.problem(server.post("/v1/session", {"email": email.upper(), "password": PASSWORD}), 429, "rate_limited")
            server.kill()
            with sqlite3.connect(server.data / "aisle.db") as db:
                db.execute("UPDATE throttles SET until_ms = at_ms - 1")
            server.start()
            self.problem(server.post("/v1/session", {"email": email, "password": "wrong"}), 401, "invalid_credentials")
            with sqlite3.connect(server.data / "aisle.db") as db:
                (failures, wait), = db.execute("SELECT failures, until_ms - at_ms FROM throttles WHERE until_ms > at_ms").fetchall()
                self.assertEqual((failures, wait), (10, 16000), "each doubles the wait")
                db.execute("UPDATE throttles SET until_ms = at_ms - 1")
            sign_in(server, email)
            self.assertEqual(stored(server, "SELECT count(*) FROM throttles"), [(1,)], "a right one forgets those of the account")

    def test_an_unknown_account_waits_as_a_known_one_does(self):
        with shop.serving(fresh=True) as server:
            nobody = new_email("nobody")
            got = [server.post("/v1/session", {"email": nobody, "password": "wrong"}).status for _ in range(7)]
            self.assertEqual(got, [401] * 6 + [429])

    def test_attempts_that_come_together_do_not_pass_together(self):
        with shop.serving(fresh=True) as server:
            _, email, _ = register(server)
            with concurrent.futures.ThreadPoolExecutor(30) as pool:
                got = list(pool.map(lambda i: server.post("/v1/session", {"email": email, "password": f"guess {i}"}).status, range(30)))
            self.assertLessEqual(got.count(401), 7)
            self.assertEqual(got.count(401) + got.count(429), 30)

    def test_failures_over_many_accounts_make_their_source_wait_and_no_other(self):
        with shop.serving("--trusted-proxies", "127.0.0.1", fresh=True) as server:
            def attempt(source, email=None):
                return server.post("/v1/session", {"email": email or new_email("many"), "password": "wrong"}, headers={"X-Forwarded-For": source}).status
            self.assertEqual([attempt("192.0.2.7") for _ in range(21)], [401] * 21)
            self.assertEqual(attempt("192.0.2.7"), 429)
            self.assertEqual(attempt("9.9.9.9, 192.0.2.7"), 429, "what the client itself writes in front counts for nothing")
            self.assertEqual(attempt("192.0.2.8"), 401)
            self.problem(server.post("/v1/account", {"email": new_email(), "password": PASSWORD}, headers={"X-Forwarded-For": "192.0.2.7"}), 429, "rate_limited")

    def test_without_trusted_proxies_nobody_says_where_he_comes_from(self):
        with shop.serving(fresh=True) as server:
            got = [server.post("/v1/session", {"email": new_email("many"), "password": "wrong"}, headers={"X-Forwarded-For": f"192.0.2.{i}"}).status
                   for i in range(22)]
            self.assertEqual(got, [401] * 21 + [429])

    def test_asking_which_emails_are_taken_counts_as_guessing(self):
        with shop.serving(fresh=True) as server:
            _, email, _ = register(server)
            got = [server.post("/v1/account", {"email": email, "password": PASSWORD}).status for _ in range(22)]
            self.assertEqual(got, [409] * 21 + [429])


class Queue(unittest.TestCase):
    def test_logins_beyond_the_queue_are_told_to_come_again_and_browsing_goes_on(self):
        with shop.serving("--hash-threads", "1", "--hash-queue", "4") as server:
            people_known = [register(server)[1] for _ in range(8)]
            done, browsed = [], []

            def login(i):
                answer = server.post("/v1/session", {"email": people_known[i % 8], "password": PASSWORD})
                done.append((answer.status, answer.headers.get("retry-after")))
            threads = [threading.Thread(target=login, args=(i,)) for i in range(40)]
            for t in threads:
                t.start()
            while any(t.is_alive() for t in threads):
                browsed.append(server.get("/v1/products", limit=1).status)
            for t in threads:
                t.join()
            self.assertEqual({s for s, _ in done}, {201, 503}, done)
            self.assertTrue(all(retry for status, retry in done if status == 503))
            self.assertEqual(set(browsed), {200})
            sign_in(server, people_known[0])

    def test_a_queue_of_logins_does_not_hold_up_the_end(self):
        with shop.serving("--hash-threads", "1") as server:
            _, email, _ = register(server)
            _, other, _ = register(server)
            got = []

            def login(i):
                try:
                    got.append(server.post("/v1/session", {"email": f"{i}@x.example", "password": PASSWORD}).status)
                except (OSError, http.client.HTTPException):
                    got.append(None)
            threads = [threading.Thread(target=login, args=(i,)) for i in range(150)]
            for t in threads:
                t.start()
            time.sleep(.3)
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 5.5)
            for t in threads:
                t.join()


class Clock(unittest.TestCase):
    """Sessions end when unused or old, by a clock that whoever sets the machine's does not move."""

    def age(self, server, column, by_ms):
        with sqlite3.connect(server.data / "aisle.db", timeout=10) as db:
            db.execute(f"UPDATE tokens SET {column} = {column} - ?", (by_ms,))

    def test_unused_sessions_end_and_used_ones_do_not(self):
        with shop.serving("--session-idle", "1000", "--session-max", "100000") as server:
            browser, _, _ = register(server)
            self.age(server, "used_ms", 999000 - 50000)
            self.assertEqual(browser.get("/v1/account").status, 200, "and that is noted as a use")
            end = time.monotonic() + 10
            while stored(server, "SELECT used_ms - created_ms FROM tokens")[0][0] < 0:
                self.assertLess(time.monotonic(), end)
                time.sleep(.02)
            self.age(server, "used_ms", 900000)
            self.assertEqual(browser.get("/v1/account").status, 200)
            time.sleep(.1)
            self.age(server, "used_ms", 1001000)
            self.assertEqual(browser.get("/v1/account").status, 401)

    def test_old_sessions_end_however_much_they_are_used(self):
        with shop.serving("--session-idle", "100000", "--session-max", "1000") as server:
            browser, _, _ = register(server)
            self.age(server, "created_ms", 990000)
            self.assertEqual(browser.get("/v1/account").status, 200)
            self.age(server, "created_ms", 20000)
            self.assertEqual(browser.get("/v1/account").status, 401)

    def test_a_clock_set_back_over_a_restart_makes_no_session_immortal_and_ends_none(self):
        day = 86400000
        with shop.serving("--session-idle", "1000") as server:
            browser, _, _ = register(server)
            self.assertEqual(server.stop(), 0)
            with sqlite3.connect(server.data / "aisle.db") as db:  # as if the clock stood a day ahead when it was made
                db.execute("UPDATE tokens SET created_ms = created_ms + ?, used_ms = used_ms + ?", (day, day))
            server.start()
            self.assertEqual(browser.get("/v1/account").status, 200)
            self.age(server, "used_ms", 1001000)
            self.assertEqual(browser.get("/v1/account").status, 401, "a day too early by the wall clock")


    def test_a_clock_set_while_the_shop_runs_ends_no_session_and_makes_none_last(self):
        library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None)
        program = pathlib.Path(shop.AISLE).read_bytes()
        if not library or b"__asan_init" in program or b"__tsan_init" in program:
            self.skipTest("libfaketime is not installed, or cannot go before a sanitizer")
        with tempfile.NamedTemporaryFile("w") as shift:
            def set_clock(by):
                shift.seek(0)
                shift.write(by + "\n")
                shift.truncate()
                shift.flush()
            set_clock("+0d")
            fake = {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": shift.name, "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
            with shop.serving("--session-idle", "3", fresh=True, env=fake) as server:
                browser, email, _ = register(server)
                for by in ("+400d", "-400d", "+0d"):
                    set_clock(by)
                    year = server.get("/healthz").headers["date"].split()[3]
                    self.assertEqual(abs(int(year) - time.gmtime().tm_year) in (1, 2), by != "+0d", "the clock is really set")
                    self.assertEqual(browser.get("/v1/account").status, 200, by)
                set_clock("-400d")
                time.sleep(3.2)
                self.assertEqual(browser.get("/v1/account").status, 401, "it ends in its own time")
                set_clock("+400d")
                sign_in(server, email, browser=browser)
                set_clock("+0d")
                self.assertEqual(browser.get("/v1/account").status, 200)


class Guests(Served):
    def test_what_a_guest_did_joins_the_account_at_sign_in(self):
        _, email, user = register(self.server)
        guest = Browser(self.server)
        item = self.server.get("/v1/products", limit=1).json["items"][0]["id"]
        self.assertEqual(guest.post("/v1/events", [{"type": "view", "item": item}]).json["stored"], 1)
        token = guest.cookie
        self.assertTrue(token)
        self.assertEqual(guest.post("/v1/events", [{"type": "like", "item": item}]).json["stored"], 1)
        self.assertEqual(guest.cookie, token, "one session, not one an event")
        self.assertEqual(guest.get("/v1/session").json["user"], None)
        sign_in(self.server, email, browser=guest)
        events = guest.get("/v1/account/export").json["events"]
        self.assertEqual([(e["type"], e["item"]) for e in events], [("view", item), ("like", item)])
        self.assertEqual(guest.get("/v1/session").json["user"]["id"], user["id"])
        self.assertEqual(Browser(self.server, token).get("/v1/session").json, {"user": None, "session": None}, "the guest's token has ended")

    def test_a_guest_who_registers_keeps_what_was_done(self):
        guest = Browser(self.server)
        guest.post("/v1/events", [{"type": "view", "item": "p"}])
        register(self.server, browser=guest)
        self.assertEqual(len(guest.get("/v1/account/export").json["events"]), 1)

    def test_events_of_the_signed_in_are_theirs(self):
        browser, _, user = register(self.server)
        browser.post("/v1/events", [{"type": "view", "item": "p"}, {"type": "view", "item": "q", "user": user["id"]}])
        self.assertEqual([e["item"] for e in browser.get("/v1/account/export").json["events"]], ["p", "q"])
        self.assertEqual(browser.get("/v1/recommendations").json["strategy"], self.server.get("/v1/recommendations", user=user["id"]).json["strategy"])

    def test_two_guests_are_two(self):
        one, two = Browser(self.server), Browser(self.server)
        for guest in (one, two):
            guest.post("/v1/events", [{"type": "view", "item": "p"}])
        self.assertNotEqual(one.cookie, two.cookie)
        register(self.server, browser=one)
        self.assertEqual(len(one.get("/v1/account/export").json["events"]), 1)


class Secrets(unittest.TestCase):
    def test_no_log_holds_a_password_a_token_or_a_cookie(self):
        with shop.serving("--log-level", "debug", "--log-json", "--access-log", "all") as server:
            secret = "Kestrel-over-the-moor"
            browser, email, _ = register(server, password=secret)
            token = browser.cookie
            bearer = server.post("/v1/session", {"email": email, "password": secret, "bearer": True}).json["token"]
            server.ask("GET", "/v1/account", key=bearer)
            server.post("/v1/session", {"email": email, "password": secret + "!"})
            server.post("/v1/session", '{"email": "' + email + '", "password": "' + secret + '", ', headers={"Content-Type": "application/json"})
            browser.post("/v1/account/password", {"current_password": secret, "new_password": secret + "-again"})
            key = shop.run("key", "add", "ops", "--data", server.data).strip()
            server.ask("GET", "/v1/admin/jobs", key=key)
            self.assertEqual(server.stop(), 0)
            log = (server.data.parent / "server.log").read_text()
            self.assertIn("/v1/session", log)
            for hidden in (secret, token, bearer, key, token[4:], "Bearer"):
                self.assertNotIn(hidden, log)


class Users(unittest.TestCase):
    """`aisle user` on the machine itself."""

    def run_user(self, data, *args, password=None):
        return subprocess.run([shop.AISLE, "user", *map(str, args), "--data", data], input=password, capture_output=True, text=True, timeout=30)

    def test_an_administrator_closes_the_shop_and_administers_it(self):
        with shop.serving(fresh=True) as server:
            self.assertEqual(server.get("/v1/admin/jobs").status, 200)
            got = self.run_user(server.data, "add", "owner@shop.example", "--admin", password="a shop of my own\n")
            self.assertEqual(got.returncode, 0, got.stderr)
            end = time.monotonic() + 20
            while server.get("/v1/admin/jobs").status != 401:
                self.assertLess(time.monotonic(), end)
                time.sleep(.05)
            owner = sign_in(server, "owner@shop.example", "a shop of my own")
            self.assertTrue(owner.get("/v1/account").json["admin"])
            self.assertEqual(owner.get("/v1/admin/jobs").status, 200)
            person, _, _ = register(server)
            self.assertEqual(person.get("/v1/admin/jobs").status, 403)
            self.assertIn("owner@shop.example", self.run_user(server.data, "list").stdout)
            self.assertEqual(self.run_user(server.data, "password", "owner@shop.example", password="a shop of another kind\n").returncode, 0)
            self.assertEqual(owner.get("/v1/account").status, 401, "a new password ends the sessions")
            self.assertEqual(self.run_user(server.data, "remove", "owner@shop.example").returncode, 0)
            self.assertEqual(server.post("/v1/session", {"email": "owner@shop.example", "password": "a shop of another kind"}).status, 401)

    def test_nobody_is_there_by_default_and_bad_input_is_named(self):
        with shop.folder(fresh=True) as data:
            self.assertEqual(self.run_user(data, "list").returncode, 1)
            for args, password, word in ((("add", "x@y"), "", "standard input"), (("add", "x@y"), "password\n", "guessed"), (("add", "xy"), "p\n", "EMAIL"),
                                         (("add",), "p\n", "EMAIL"), (("grow", "x@y"), "p\n", "grow"), (("add", "x@y"), "x" * 2000 + "\n", "1024")):
                got = self.run_user(data, *args, password=password)
                self.assertEqual(got.returncode, 2, (args, got.stderr))
                self.assertIn(word, got.stderr)
            self.assertEqual(self.run_user(data, "add", "x@shop.example", "--id", "u7", password="a shop of my own\n").stdout.strip(), "u7")
            self.assertEqual(self.run_user(data, "add", "y@shop.example", "--id", "u7", password="a shop of my own\n").returncode, 1)
            for line in self.run_user(data, "list", "--json").stdout.splitlines():
                self.assertEqual(json.loads(line)["id"], "u7")
            self.assertEqual(json.loads(self.run_user(data, "password", "x@shop.example", "--json", password="a shop of another kind\n").stdout), {"password": "x@shop.example"})
            self.assertEqual(json.loads(self.run_user(data, "remove", "x@shop.example", "--json").stdout), {"removed": "x@shop.example"})


if __name__ == "__main__":
    unittest.main()
