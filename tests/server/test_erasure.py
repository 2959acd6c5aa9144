"""Who erases an account is gone: from answers at once, from database, log and every model file soon after."""
import sqlite3
import threading
import time
import unittest

import people
import shop
from people import PASSWORD, Browser, register, sign_in


def files(server):
    return [f for f in server.data.rglob("*") if f.is_file()]


def bytes_of(file):
    try:
        return file.read_bytes()
    except FileNotFoundError:  # renamed or removed since it was listed
        return b""


def holding(server, *needles):
    """The files of the data folder that hold one of these texts."""
    return sorted({f.name for f in files(server) for needle in needles if needle.encode() in bytes_of(f)})


class Erasure(unittest.TestCase):
    def until(self, what, seconds=30):
        end = time.monotonic() + seconds
        while not what():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(.1)

    def erase(self, browser, password=PASSWORD):
        self.assertEqual(browser.ask("DELETE", "/v1/account", {"password": password}).status, 204)

    def test_rows_factors_histories_and_caches_are_gone_and_all_else_stays(self):
        with shop.serving() as server:
            items = [p["id"] for p in server.get("/v1/products", limit=40).json["items"]]
            guest = Browser(server)
            guest.post("/v1/events", [{"type": "view", "item": i} for i in items[:5]])
            with sqlite3.connect(server.data / "aisle.db") as db:
                guest_id = db.execute("SELECT ext FROM sessions WHERE ext LIKE 'guest-%'").fetchone()[0]
            shop.train(server.data)  # knows the guest
            self.until(lambda: server.get("/v1/recommendations").json.get("model_version") == 2)
            browser, email, user = register(server, name="Ann Erasable", browser=guest)
            browser.post("/v1/events", [{"type": "purchase", "item": i} for i in items[5:30]])
            for _ in range(20):  # others, so that pages are split and freed
                register(server)
            shop.train(server.data)  # knows the person
            self.until(lambda: server.get("/v1/recommendations").json.get("model_version") == 3)
            self.assertEqual(browser.get("/v1/recommendations").json["strategy"], "hybrid")
            needles = (user["id"], email, "Ann Erasable", guest_id)
            self.assertEqual({f for f in holding(server, *needles) if not f.startswith("aisle.db")}, {"000002.aisle", "000003.aisle"})
            neighbours = server.get(f"/v1/products/{items[0]}/related").json["items"]
            other = server.get("/v1/recommendations", user="u1").json["items"]

            self.erase(browser)
            self.assertIsNone(browser.cookie)
            got = server.get("/v1/recommendations", user=user["id"]).json
            self.assertEqual(got["strategy"], "popular")
            self.until(lambda: not holding(server, *needles))
            self.assertEqual(server.get("/v1/recommendations", user="u1").json["items"], other)
            self.assertEqual(server.get(f"/v1/products/{items[0]}/related").json["items"], neighbours)
            self.assertEqual(server.post("/v1/session", {"email": email, "password": PASSWORD}).status, 401)
            for version in (1, 2, 3):
                self.assertEqual(server.post(f"/v1/admin/models/{version}/activate").status, 200, "rewritten whole")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(holding(server, *needles), [])
            with sqlite3.connect(server.data / "aisle.db") as db:
                self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
                self.assertEqual(db.execute("PRAGMA foreign_key_check").fetchall(), [])
                users, events = db.execute("SELECT users, events FROM totals").fetchone()
                kept = db.execute("SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM events)").fetchone()
                self.assertEqual((users, events), (kept[0], kept[1] + 30), "events are counted that were ever taken")

    def test_a_model_of_older_data_forgets_when_it_turns_up(self):
        with shop.serving() as server:
            items = [p["id"] for p in server.get("/v1/products", limit=20).json["items"]]
            browser, _, user = register(server)
            browser.post("/v1/events", [{"type": "purchase", "item": i} for i in items])
            shop.train(server.data)
            aside = (server.data / "models" / "000002.aisle").read_bytes()
            self.erase(browser)
            self.until(lambda: not holding(server, user["id"]))
            (server.data / "models" / "000004.aisle").write_bytes(aside)  # as a training that began before the erasure
            self.until(lambda: not holding(server, user["id"]))

    def test_a_restart_in_between_does_not_keep_them(self):
        with shop.serving() as server:
            browser, _, user = register(server)
            browser.post("/v1/events", [{"type": "purchase", "item": p["id"]} for p in server.get("/v1/products", limit=20).json["items"]])
            shop.train(server.data)
            self.until(lambda: server.get("/v1/recommendations").json.get("model_version") == 2)
            self.erase(browser)
            server.kill()
            server.start()
            self.assertEqual(server.get("/v1/recommendations", user=user["id"]).json["strategy"], "popular")
            self.until(lambda: not holding(server, user["id"]))

    def test_what_is_written_after_the_erasure_is_refused_and_makes_nobody_anew(self):
        with shop.serving() as server:
            item = server.get("/v1/products", limit=1).json["items"][0]["id"]
            browser, _, user = register(server)
            requests = {"opinion": ("PUT", f"/v1/products/{item}/opinion", {"opinion": "like"}), "event": ("POST", "/v1/events", [{"type": "view", "item": item}])}
            cookie, answers = browser.cookie, {}

            def ask(name):
                answers[name] = Browser(server, cookie).ask(*requests[name])
            threads = [threading.Thread(target=ask, args=(name,)) for name in requests]
            with sqlite3.connect(server.data / "aisle.db", isolation_level=None) as db:
                db.execute("BEGIN IMMEDIATE")  # the writes wait; it was seen who asks
                for t in threads:
                    t.start()
                time.sleep(.5)
                db.execute("DELETE FROM users WHERE ext = ?", (user["id"],))
                db.execute("COMMIT")
                for t in threads:
                    t.join()
                for name in requests:
                    self.assertEqual((answers[name].status, answers[name].body.count(b"authentication_required")), (401, 1), answers[name].body)
                self.assertEqual(db.execute("SELECT count(*) FROM users WHERE ext = ?", (user["id"],)).fetchone(), (0,))
                self.assertEqual(db.execute("SELECT count(*) FROM events WHERE user_id NOT IN (SELECT id FROM users)").fetchone(), (0,))

    def test_the_password_is_asked_again_and_everything_else_refused(self):
        with shop.serving(fresh=True) as server:
            browser, email, _ = register(server)
            for body, status in (({"password": "wrong"}, 422), ({}, 422), ({"password": PASSWORD, "email": email}, 422)):
                self.assertEqual(browser.ask("DELETE", "/v1/account", body).status, status)
            self.assertEqual(browser.ask("DELETE", "/v1/account", headers={"Content-Type": "application/json"}).status, 422)
            self.assertEqual(browser.get("/v1/account").status, 200)
            two = sign_in(server, email)
            self.erase(browser)
            self.assertEqual(two.get("/v1/account").status, 401)
            register(server, email=email)  # the address is free again

    def test_orders_stay_for_the_books_without_their_buyer_and_carts_and_kept_answers_go(self):
        with shop.serving() as server:
            with sqlite3.connect(server.data / "aisle.db", timeout=10) as db:
                names = [r[0] for r in db.execute("SELECT ext FROM products WHERE version > 0 ORDER BY id LIMIT 2")]
                db.executemany("UPDATE products SET price_minor = 250, stock = 9, currency = 'GBP' WHERE ext = ?", [(n,) for n in names])
            guest = Browser(server)
            buyer = "buyer@erasable.example"

            def put(name):
                return guest.ask("PUT", f"/v1/cart/items/{name}", {"quantity": 1}).status
            self.assertEqual(put(names[0]), 200)
            order = guest.post("/v1/orders", {"email": buyer}, headers={"Idempotency-Key": "once"})
            self.assertEqual(order.status, 201, order.body)
            self.assertEqual(put(names[1]), 200)
            _, email, user = register(server, browser=guest)
            got = guest.get("/v1/account/export").json
            self.assertEqual([o["id"] for o in got["orders"]], [order.json["id"]])
            self.assertEqual([i["id"] for i in guest.get("/v1/cart").json["items"]], [names[1]], "the guest's cart has joined")
            self.assertTrue(holding(server, buyer))
            self.erase(guest)
            self.until(lambda: not holding(server, buyer, email, user["id"]))
            with sqlite3.connect(server.data / "aisle.db", timeout=10) as db:
                self.assertEqual(db.execute("SELECT user_id, session_id, email, total_minor FROM orders").fetchall(), [(None, None, None, 250)])
                self.assertEqual(db.execute("SELECT (SELECT count(*) FROM carts), (SELECT count(*) FROM idempotency)").fetchone(), (0, 0))

    def test_many_accounts_leave_no_trace(self):
        with shop.serving(fresh=True) as server:
            known = [register(server, name=f"Somebody Number{i}", email=f"trace{i}@shop.example") for i in range(40)]
            for browser, _, _ in known[::2]:
                browser.ask("PATCH", "/v1/account", {"name": "Renamed " + "x" * 150})
            for browser, _, _ in known:
                self.erase(browser)
            needles = [text for _, email, user in known for text in (user["id"], email)] + ["Somebody Number", "Renamed x"]
            self.until(lambda: not holding(server, *needles))


class Export(unittest.TestCase):
    def test_it_holds_all_of_the_person_and_nothing_of_others(self):
        with shop.serving(fresh=True) as server:
            one, email, user = register(server, name="Ann")
            two, _, other = register(server)
            one.post("/v1/events", [{"type": "rating", "item": "p\"<é>", "value": 4.5, "time": "2026-01-02T03:04:05Z", "price": 250}])
            two.post("/v1/events", [{"type": "view", "item": "q"}])
            got = one.get("/v1/account/export")
            self.assertIn("attachment", got.headers["content-disposition"])
            self.assertEqual(got.json["account"], user)
            self.assertEqual(got.json["events"], [{"type": "rating", "item": "p\"<é>", "time": "2026-01-02T03:04:05.000Z", "value": 4.5, "price": 250,
                                                   "order": None, "recommendation_id": None}])
            self.assertEqual(len(got.json["sessions"]), 1)
            self.assertNotIn(other["id"].encode(), got.body)
            self.assertNotIn(b"argon2", got.body)


if __name__ == "__main__":
    unittest.main()
