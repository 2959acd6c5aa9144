"""Requests that come again with their Idempotency-Key: registrations, trainings, imports. Orders and reviews have theirs beside
them (test_buying.py, test_feedback.py)."""
import concurrent.futures
import contextlib
import sqlite3
import unittest

import shop
from people import PASSWORD, Browser, new_email, sign_in
from visitor import problem


def at_once(n, call):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda _: call(), range(n)))


def key(name):
    return {"Idempotency-Key": name}


class Registering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.server = cls.stack.enter_context(shop.serving())

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def register(self, name, body, browser=None):
        return (browser or Browser(self.server)).post("/v1/account", body, headers=key(name))

    def test_a_lost_answer_is_asked_for_again_and_signs_in(self):
        body = {"email": new_email(), "password": PASSWORD, "name": "Ann", "bearer": True}
        first, again = (self.register("lost", body) for _ in range(2))
        self.assertEqual((first.status, again.status), (201, 201), again.body)
        self.assertEqual(again.json["user"], first.json["user"])
        self.assertNotEqual(again.json["token"], first.json["token"])
        self.assertNotEqual(again.json["session"]["id"], first.json["session"]["id"])
        self.assertEqual((first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]), (None, "true"))
        self.assertEqual((first.headers["location"], again.headers["location"]), ("/v1/account", "/v1/account"))
        for answer in (first, again):
            self.assertEqual(self.server.ask("GET", "/v1/account", key=answer.json["token"]).json, first.json["user"])

    def test_a_guest_whose_answer_was_lost_keeps_what_was_done(self):
        body = {"email": new_email(), "password": PASSWORD}
        guest = Browser(self.server)
        item = guest.get("/v1/products?limit=1").json["items"][0]["id"]
        guest.post("/v1/events", [{"type": "view", "item": item}])
        before = guest.cookie
        self.assertEqual(self.register("guest", body, guest).status, 201)
        late = Browser(self.server, before)  # whose cookie was not renewed
        self.assertEqual(self.register("guest", body, late).headers["idempotent-replayed"], "true")
        self.assertNotEqual(late.cookie, before)
        self.assertEqual([e["item"] for e in late.get("/v1/account/export").json["events"]], [item])

    def test_another_body_or_password_is_refused(self):
        body = {"email": new_email(), "password": PASSWORD, "name": "Ann"}
        self.assertEqual(self.register("other", body).status, 201)
        for change in ({"email": new_email()}, {"name": "Bob"}, {"name": None}, {"country": "GB"}, {"bearer": True}, {"password": PASSWORD + "!"}):
            with self.subTest(change):
                self.assertEqual(problem(self.register("other", {**body, **change}))[:2], (422, "idempotency_key_reused"))
        self.assertEqual(problem(self.register("another", body))[:2], (409, "conflict"))
        self.assertEqual(problem(self.register("", body))[::2], (422, "Idempotency-Key"))
        self.assertEqual(problem(self.register("k" * 256, body))[::2], (422, "Idempotency-Key"))

    def test_a_refusal_is_not_kept(self):
        body = {"email": new_email(), "password": PASSWORD}
        owner = Browser(self.server)
        self.assertEqual(owner.post("/v1/account", body).status, 201)
        self.assertEqual(self.register("refused", body).status, 409)
        self.assertEqual(owner.ask("DELETE", "/v1/account", {"password": PASSWORD}).status, 204)
        made = self.register("refused", body)
        self.assertEqual((made.status, made.headers.get("idempotent-replayed")), (201, None))

    def test_many_at_once_make_one_account(self):
        body = {"email": new_email(), "password": PASSWORD, "bearer": True}
        answers = at_once(5, lambda: self.register("race", body))
        self.assertEqual({a.status for a in answers}, {201}, [a.body for a in answers])
        self.assertEqual(len({a.json["user"]["id"] for a in answers}), 1)
        self.assertEqual(len({a.json["token"] for a in answers}), 5)
        self.assertEqual(sum("idempotent-replayed" in a.headers for a in answers), 4)

    def test_neither_a_token_nor_a_quick_hash_of_the_password_is_kept(self):
        with shop.serving(fresh=True) as server:
            emails = [new_email() for _ in range(2)]
            for email, password in zip(emails, (PASSWORD, "another good password")):
                answer = Browser(server).post("/v1/account", {"email": email, "password": password, "name": "same"}, headers=key(email))
                self.assertEqual(answer.status, 201)
            # The name of the first, so that all but the passwords is equal: then so is what is kept of it.
            one = Browser(server)
            server.stop()
            with contextlib.closing(sqlite3.connect(server.data / "aisle.db")) as db:
                rows = db.execute("SELECT hex(request), status, body, user_id IS NULL FROM idempotency").fetchall()
                self.assertEqual([row[1:] for row in rows], [(201, "", 0)] * 2)
            server.start()
            one.server = server
            gone = sign_in(server, emails[0])
            self.assertEqual(gone.ask("DELETE", "/v1/account", {"password": PASSWORD}).status, 204)
            with contextlib.closing(sqlite3.connect(server.data / "aisle.db")) as db:
                self.assertEqual(db.execute("SELECT count(*) FROM idempotency").fetchone()[0], 1)
            again = one.post("/v1/account", {"email": emails[0], "password": "yet another password", "name": "same"}, headers=key(emails[0]))
            self.assertEqual((again.status, again.headers.get("idempotent-replayed")), (201, None))
            server.stop()
            with contextlib.closing(sqlite3.connect(server.data / "aisle.db")) as db:
                self.assertIn(rows[0][0], {r for r, in db.execute("SELECT hex(request) FROM idempotency")}, "the password does not count in it")
            server.start()

    def test_guessing_by_replays_makes_the_account_wait(self):
        with shop.serving(fresh=True) as server:
            body = {"email": new_email(), "password": PASSWORD}
            self.assertEqual(Browser(server).post("/v1/account", body, headers=key("g")).status, 201)
            answers = [Browser(server).post("/v1/account", {**body, "password": f"wrong one {i}"}, headers=key("g")).status for i in range(8)]
            self.assertEqual(answers[:5], [422] * 5)
            self.assertIn(429, answers)
            self.assertEqual(Browser(server).post("/v1/account", body, headers=key("g")).status, 429)


class Ordering(unittest.TestCase):
    def test_a_job_that_is_ordered_again_is_one(self):
        with shop.serving() as server:
            small = {"factors": 8, "iterations": 2}
            answers = at_once(4, lambda: server.post("/v1/admin/trainings", small, headers=key("t")))
            self.assertEqual({a.status for a in answers}, {202})
            self.assertEqual(len({a.json["id"] for a in answers}), 1)
            self.assertEqual(len({a.headers["location"] for a in answers}), 1)
            self.assertEqual(sum("idempotent-replayed" in a.headers for a in answers), 3)
            self.assertEqual(problem(server.post("/v1/admin/trainings", {**small, "factors": 9}, headers=key("t")))[:2], (422, "idempotency_key_reused"))
            self.assertEqual(server.post("/v1/admin/trainings", {"solver": "magic"}, headers=key("wrong")).status, 422)
            self.assertEqual(server.await_job(answers[0].json["id"])["state"], "succeeded")
            server.kill()
            server.start()
            again = server.post("/v1/admin/trainings", small, headers=key("t"))
            self.assertEqual((again.json["id"], again.headers["idempotent-replayed"]), (answers[0].json["id"], "true"))
            other = server.post("/v1/admin/trainings", small, headers=key("u"))
            self.assertGreater(other.json["id"], again.json["id"])
            self.assertEqual([j["kind"] for j in server.get("/v1/admin/jobs").json["items"]], ["training"] * 2)

    def test_a_file_that_comes_again_is_known_by_its_content_and_its_query(self):
        with shop.serving(fresh=True) as server:
            events = (shop.template() / "files" / "events.csv").read_bytes()

            def send(content, query="kind=events&preset=generated"):
                return server.post(f"/v1/admin/imports?{query}", content, headers={"Content-Type": "text/csv", **key("file")})
            first = send(events)
            self.assertEqual(first.status, 202, first.body)
            again = send(events)
            self.assertEqual((again.json, again.headers["idempotent-replayed"]), (first.json, "true"))
            for answer in (send(events + b"\n"), send(events, "kind=users&preset=generated")):
                self.assertEqual(problem(answer)[:2], (422, "idempotency_key_reused"))
            self.assertEqual(server.await_job(first.json["id"])["state"], "succeeded")
            self.assertEqual(len(server.get("/v1/admin/jobs").json["items"]), 1)
            self.assertEqual(list((server.data / "spool").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
