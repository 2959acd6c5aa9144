"""Carts, orders, payments: money and stock stay whole, whoever asks for what, and however often."""
import contextlib
import hashlib
import hmac
import json
import pathlib
import random
import sqlite3
import tempfile
import threading
import time
import unittest

import shop
from visitor import Visitor, path_of, problem

SECRET = "a secret of the payment provider"


def stock_up(data, **products):
    """Gives products of the generated shop a price and stock: p1=(price, stock)."""
    db = sqlite3.connect(data / "aisle.db")
    for name, (price, stock, *currency) in products.items():
        db.execute("UPDATE products SET price_minor = ?, stock = ?, currency = ? WHERE ext = ?",
                   (price, stock, currency[0] if currency else "GBP", name))
        assert db.total_changes, name
    db.commit()
    db.close()


def ids(data, n):
    db = sqlite3.connect(data / "aisle.db")
    found = [r[0] for r in db.execute("SELECT ext FROM products WHERE version > 0 ORDER BY id LIMIT ?", (n,))]
    db.close()
    return found


@contextlib.contextmanager
def serving(prices, *options):
    """A server whose first products cost and have what `prices` says; yields it and their ids."""
    with shop.folder() as data:
        names = ids(data, len(prices))
        stock_up(data, **dict(zip(names, prices)))
        server = shop.Server(data, *options)
        try:
            yield server, names
        finally:
            server.process.kill()
            server.process.wait(10)
            server.process.stdout.close()
            server.log.close()


class Cart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = serving([(250, 5), (100, -1), (100, -1, "EUR"), (-1, 5), (2**63 // 999, -1), (1, 0)])
        cls.server, (cls.cup, cls.gift, cls.euro, cls.free, cls.dear, cls.gone) = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def test_guest_gets_a_cart_with_the_first_product(self):
        v = Visitor(self.server)
        empty = v.get("/v1/cart")
        self.assertEqual((empty.status, empty.json["version"], empty.json["items"], empty.json["total"]), (200, 0, [], 0))
        self.assertIsNone(v.cookie)
        one = v.put_in(self.cup, 2)
        self.assertEqual((one.status, one.json["version"], one.json["total"], one.json["count"]), (200, 1, 500, 2), one.body)
        self.assertTrue(v.cookie)
        two = v.put_in(self.gift, 3)
        self.assertEqual([(i["id"], i["quantity"], i["price"], i["total"], i["currency"]) for i in two.json["items"]],
                         [(self.cup, 2, 250, 500, "GBP"), (self.gift, 3, 100, 300, "GBP")])
        self.assertEqual(two.json["total"], 800)
        self.assertEqual(v.get("/v1/cart").json, two.json)
        self.assertEqual(v.get("/v1/cart").headers["etag"], two.headers["etag"])
        self.assertEqual(v.delete(f"/v1/cart/items{path_of(self.cup)}").json["total"], 300)
        self.assertEqual(problem(v.delete(f"/v1/cart/items{path_of(self.cup)}"))[:2], (404, "not_found"))
        self.assertEqual(v.delete("/v1/cart").json["items"], [])

    def test_carts_are_of_one_visitor_each(self):
        v, other = Visitor(self.server), Visitor(self.server)
        v.put_in(self.cup, 1)
        self.assertEqual(other.get("/v1/cart").json["items"], [])
        other.put_in(self.gift, 1)
        self.assertEqual([i["id"] for i in v.get("/v1/cart").json["items"]], [self.cup])

    def test_quantities_that_are_none_are_refused(self):
        v = Visitor(self.server)
        v.put_in(self.gift, 1)
        for text in ("0", "-1", "1001", "9223372036854775807", "9223372036854775808", "1e309", "1.5", "1.0", "NaN", "null", '"1"', "[]", "true"):
            answer = v.raw("PUT", f"/v1/cart/items{path_of(self.gift)}", '{"quantity": %s}' % text)
            self.assertEqual(answer.status, 422, (text, answer.body))
            answer = v.raw("PATCH", "/v1/cart", '{"items": {"%s": %s}}' % (self.gift, text))
            self.assertEqual(answer.status, 200 if text == "null" else 422, (text, answer.body))
            v.put_in(self.gift, 1)
        self.assertEqual(v.get("/v1/cart").json["count"], 1)
        self.assertEqual(v.put_in(self.gift, 1000).json["total"], 100000)

    def test_what_cannot_be_bought_is_said(self):
        v = Visitor(self.server)
        v.put_in(self.gift, 1)
        for product, quantity, want in ((self.cup, 6, (422, "insufficient_stock", "/quantity")), (self.gone, 1, (422, "insufficient_stock", "/quantity")),
                                        (self.free, 1, (422, "not_for_sale", "/quantity")), (self.euro, 1, (422, "currency_mismatch", "/quantity")),
                                        (self.dear, 1000, (422, "total_too_large", None)), ("no such", 1, (404, "not_found", None))):
            self.assertEqual(problem(v.put_in(product, quantity)), want)
        self.assertEqual(v.put_in(self.cup, 6).json["errors"][0]["left"], 5)
        many = v.patch("/v1/cart", {"items": {self.cup: 9, "a/b~c": 1, self.gift: 2}})
        self.assertEqual([(e["pointer"], e["code"]) for e in many.json["errors"]],
                         [(f"/items/{self.cup}", "insufficient_stock"), ("/items/a~1b~0c", "unknown")])
        self.assertEqual(v.get("/v1/cart").json["items"][0]["quantity"], 1)
        self.assertEqual(problem(v.put(f"/v1/cart/items{path_of(self.gift)}", {"quantity": 1, "price": 1})), (422, "validation_failed", "/price"))

    def test_other_versions_are_conflicts(self):
        v = Visitor(self.server)
        first = v.put_in(self.cup, 1)
        v.put_in(self.gift, 1)
        stale = {"If_Match": first.headers["etag"]}
        where = f"/v1/cart/items{path_of(self.cup)}"
        for answer in (v.put(where, {"quantity": 2}, **stale), v.put(where, {"quantity": 2, "version": 1}), v.delete(where, **stale),
                       v.delete("/v1/cart", **stale), v.patch("/v1/cart", {"items": {}}, **stale), v.post("/v1/orders", {"email": "a@b", "version": 1})):
            self.assertEqual(problem(answer)[:2], (409, "version_conflict"))
        now = v.get("/v1/cart")
        self.assertEqual(now.json["version"], 2)
        self.assertEqual(v.put(where, {"quantity": 2}, If_Match=now.headers["etag"]).status, 200)
        self.assertEqual(v.put(where, {"quantity": 3}, If_Match='"3"').status, 200)
        self.assertEqual(v.put(where, {"quantity": 3}, If_Match="*").status, 200)
        self.assertEqual(v.put(where, {"quantity": 3}, If_Match="new").status, 422)

    def test_chosen_products_are_in_the_next_recommendation(self):
        v = Visitor(self.server)
        v.put_in(self.gift, 1)
        answer = v.get("/v1/recommendations?limit=5").json
        self.assertEqual(answer["strategy"], "hybrid")


class Orders(unittest.TestCase):
    def test_order_keeps_its_moment_and_cancelling_returns_stock_once(self):
        with serving([(250, 5), (100, -1)]) as (server, (cup, gift)):
            v = Visitor(server)
            self.assertEqual(problem(v.post("/v1/orders", {"email": "a@b.example"}))[:2], (422, "cart_empty"))
            v.put_in(cup, 5)
            v.put_in(gift, 1)
            self.assertEqual(problem(v.post("/v1/orders", {})), (422, "validation_failed", "/email"))
            for email in ("ab", "a@b@c", "@b", "a@", "a\r\nBcc: x@y"):
                self.assertEqual(problem(v.post("/v1/orders", {"email": email}))[2], "/email", email)
            placed = v.post("/v1/orders", {"email": "a@b.example", "total": 1350})
            self.assertEqual(placed.status, 201, placed.body)
            order = placed.json
            self.assertEqual((order["state"], order["total"], order["currency"], order["email"]), ("pending", 1350, "GBP", "a@b.example"))
            self.assertEqual(placed.headers["location"], f"/v1/orders/{order['id']}")
            self.assertEqual(v.get("/v1/cart").json["items"], [])
            self.assertEqual(server.get(f"/v1/products{path_of(cup)}").json["stock"], 0)
            self.assertNotIn(cup, v.recommended(100))
            self.assertEqual(v.get(placed.headers["location"]).json, order)
            other = Visitor(server)
            other.put_in(gift, 1)
            for who, want in ((other, (404, "not_found")), (Visitor(server), (401, "authentication_required"))):
                self.assertEqual(problem(who.get(placed.headers["location"]))[:2], want)
                self.assertEqual(problem(who.post(placed.headers["location"] + "/cancellation"))[:2], want)
                self.assertEqual(who.get("/v1/orders").json, {"items": [], "next": None})
            self.assertEqual(problem(other.put_in(cup, 1))[1], "insufficient_stock")
            cancelled = v.post(placed.headers["location"] + "/cancellation")
            self.assertEqual((cancelled.status, cancelled.json["state"]), (200, "cancelled"))
            self.assertEqual(problem(v.post(placed.headers["location"] + "/cancellation"))[:2], (409, "order_state"))
            self.assertEqual(server.get(f"/v1/products{path_of(cup)}").json["stock"], 5)

    def test_changed_prices_and_stock_are_reported_and_refuse_the_order(self):
        with serving([(250, 5), (100, -1)]) as (server, (cup, gift)):
            v = Visitor(server)
            v.put_in(cup, 5)
            v.put_in(gift, 1)
            server.kill()
            stock_up(server.data, **{cup: (250, 3), gift: (120, -1)})
            server.start()
            cart = v.get("/v1/cart").json
            self.assertEqual([(c["item"], c["code"], c["from"], c["to"]) for c in cart["changes"]],
                             [(cup, "insufficient_stock", 5, 3), (gift, "price_changed", 100, 120)])
            self.assertEqual([i["available"] for i in cart["items"]], [False, True])
            refused = v.post("/v1/orders", {"email": "a@b"})
            self.assertEqual(refused.json["code"], "insufficient_stock")
            self.assertEqual([(e["pointer"], e["code"], e.get("left"), e.get("price")) for e in refused.json["errors"]],
                             [(f"/items/{cup}", "insufficient_stock", 3, None), (f"/items/{gift}", "price_changed", None, 120)])
            v.patch("/v1/cart", {"items": {cup: 3}})
            self.assertEqual(v.get("/v1/cart").json["changes"], [])
            self.assertEqual(problem(v.post("/v1/orders", {"email": "a@b", "total": 850}))[:2], (409, "price_changed"))
            self.assertEqual(v.post("/v1/orders", {"email": "a@b", "total": 870}).status, 201)

    def test_same_key_makes_one_order(self):
        with serving([(250, 50)]) as (server, (cup,)):
            v = Visitor(server)
            v.put_in(cup, 1)
            first = v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k1")
            again = v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k1")
            self.assertEqual((first.status, again.status, again.json), (201, 201, first.json))
            self.assertNotIn("idempotent-replayed", first.headers)
            self.assertEqual((again.headers["idempotent-replayed"], again.headers["location"]), ("true", first.headers["location"]))
            self.assertEqual(problem(v.post("/v1/orders", {"email": "c@d"}, Idempotency_Key="k1"))[:2], (422, "idempotency_key_reused"))
            refused = v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k2")
            self.assertEqual(problem(refused)[:2], (422, "cart_empty"))
            v.put_in(cup, 1)
            kept = v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k2")
            self.assertEqual((kept.json["code"], kept.headers["idempotent-replayed"], kept.headers["content-type"]),
                             ("cart_empty", "true", "application/problem+json"))
            for key, status in (("k" * 255, 201), ("k" * 256, 422), ("", 422)):
                self.assertEqual(v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key=key).status, status, key)
            other = Visitor(server)
            other.put_in(cup, 1)
            self.assertEqual(other.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k1").status, 201)
            v.put_in(cup, 2)
            answers = at_once([lambda: v.twin().post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k3")] * 8)
            self.assertEqual({a.status for a in answers}, {201})
            self.assertEqual(len({a.json["id"] for a in answers}), 1)
            self.assertEqual(sum("idempotent-replayed" in a.headers for a in answers), 7)
            self.assertEqual(len(v.get("/v1/orders").json["items"]), 3)
            server.kill()
            server.start()
            self.assertEqual(v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k1").json, first.json)
            server.kill()
            db = sqlite3.connect(server.data / "aisle.db")
            db.execute("UPDATE idempotency SET created_ms = created_ms - 24 * 3600 * 1000")
            db.commit()
            server.start()
            v.put_in(cup, 1)
            fresh = v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key="k1")
            self.assertEqual((fresh.status, fresh.json["id"] != first.json["id"]), (201, True))
            self.assertEqual(db.execute("SELECT count(*) FROM idempotency").fetchone()[0], 1)
            db.close()

    def test_pages_of_orders_and_the_shops_view(self):
        with serving([(250, -1)]) as (server, (cup,)):
            v, placed = Visitor(server), []
            for _ in range(5):
                v.put_in(cup, 1)
                placed.append(v.post("/v1/orders", {"email": "a@b"}).json["id"])
            seen, cursor = [], ""
            while cursor is not None:
                page = v.get(f"/v1/orders?limit=2{cursor}").json
                seen += [o["id"] for o in page["items"]]
                cursor = page["next"] and f"&cursor={page['next']}"
            self.assertEqual(seen, placed[::-1])
            self.assertEqual(problem(Visitor(server).get(f"/v1/orders?cursor={placed[0]}")), (422, "validation_failed", "?cursor"))
            where = f"/v1/admin/orders/{placed[0]}"
            self.assertEqual(problem(server.ask("PATCH", where, {"state": "shipped"}))[:2], (409, "order_state"))
            for state in ("paid", "shipped", "delivered"):
                self.assertEqual(server.ask("PATCH", where, {"state": state}).json["state"], state)
            self.assertEqual(problem(v.post(f"/v1/orders/{placed[0]}/cancellation"))[:2], (409, "order_state"))
            self.assertEqual([o["id"] for o in server.get("/v1/admin/orders", state="delivered").json["items"]], placed[:1])
            self.assertEqual(len(server.get("/v1/admin/orders").json["items"]), 5)
            self.assertEqual(server.get("/v1/admin/orders", state="lost").status, 422)
            self.assertEqual(server.ask("PATCH", where, {"state": "lost"}).status, 422)


def at_once(calls):
    """Runs all as close together as threads can; their results in order."""
    gate, results = threading.Barrier(len(calls)), [None] * len(calls)

    def one(i):
        gate.wait()
        results[i] = calls[i]()

    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return results


class LastOne(unittest.TestCase):
    def test_fifty_at_once_make_one_order_of_the_last_item(self):
        with serving([(250, 1)]) as (server, (cup,)):
            visitors = [Visitor(server, server.connection()) for _ in range(50)]
            for v in visitors:
                self.addCleanup(v.connection.close)
            for round_number in range(30):
                for v in visitors:
                    self.assertEqual(v.put_in(cup, 1).status, 200)
                answers = at_once([lambda v=v: v.post("/v1/orders", {"email": "a@b"}) for v in visitors])
                good = [a for a in answers if a.status == 201]
                self.assertEqual(len(good), 1, round_number)
                self.assertEqual({(a.status, a.json["code"], a.json["errors"][0]["left"]) for a in answers if a.status != 201},
                                 {(422, "insufficient_stock", 0)})
                self.assertEqual(server.get(f"/v1/products{path_of(cup)}").json["stock"], 0)
                back = server.ask("PATCH", f"/v1/admin/orders/{good[0].json['id']}", {"state": "cancelled"})
                self.assertEqual(back.status, 200)

    def test_stock_and_orders_stay_whole_over_kill_9(self):
        rng = random.Random(7)
        with serving([(250, 100000), (100, 100000)]) as (server, names):
            acknowledged, cancelled = set(), set()
            for _ in range(4):
                stop = threading.Event()

                def buy(seed):
                    r = random.Random(seed)
                    v = Visitor(server, server.connection())
                    with contextlib.closing(v.connection), contextlib.suppress(OSError, ValueError, shop.http.client.HTTPException):
                        while not stop.is_set():
                            v.put_in(r.choice(names), r.randint(1, 5))
                            placed = v.post("/v1/orders", {"email": "a@b"}, Idempotency_Key=str(r.random()))
                            if placed.status != 201:
                                continue
                            acknowledged.add(placed.json["id"])
                            if r.random() < 0.3 and v.post(f"/v1/orders/{placed.json['id']}/cancellation").status == 200:
                                cancelled.add(placed.json["id"])

                threads = [threading.Thread(target=buy, args=(rng.random(),)) for _ in range(8)]
                for t in threads:
                    t.start()
                time.sleep(0.3 + rng.random() * 0.3)
                server.kill()
                stop.set()
                for t in threads:
                    t.join()
                self.check_whole(server.data, names, acknowledged, cancelled)
                server.start()
            self.assertGreater(len(acknowledged), 20)
            self.assertGreater(len(cancelled), 0)

    def check_whole(self, data, names, acknowledged, cancelled):
        db = sqlite3.connect(data / "aisle.db")
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        self.assertEqual(db.execute("PRAGMA foreign_key_check").fetchall(), [])
        for name in names:
            stock, ordered = db.execute(
                "SELECT p.stock, (SELECT coalesce(sum(l.quantity), 0) FROM order_lines l JOIN orders o ON o.id = l.order_id"
                " WHERE l.product_id = p.id AND o.state <> 4) FROM products p WHERE p.ext = ?", (name,)).fetchone()
            self.assertEqual(stock + ordered, 100000)
        states = dict(db.execute("SELECT ext, state FROM orders"))
        self.assertTrue(acknowledged <= set(states))
        self.assertTrue(all(states[i] == 4 for i in cancelled))
        lines, events = db.execute("SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM events WHERE type = 4 AND order_ref IN"
                                   " (SELECT ext FROM orders))").fetchone()
        self.assertEqual(lines, events)
        db.close()


class Payments(unittest.TestCase):
    def note(self, server, body, at=None, secret=SECRET, sign=None):
        text = body if isinstance(body, str) else json.dumps(body)
        at = int(time.time()) if at is None else at
        mac = sign or hmac.new(secret.encode(), f"{at}.{text}".encode(), hashlib.sha256).hexdigest()
        return server.ask("POST", "/v1/webhooks/payments", text, headers={"Content-Type": "application/json", "Aisle-Signature": f"t={at},v0=x,v1={mac}"})

    def test_signed_notes_move_orders_and_nothing_else_does(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(SECRET + "\n")
            f.flush()
            with serving([(250, 5)], "--payment-secret-file", f.name) as (server, (cup,)):
                v = Visitor(server)

                def order():
                    v.put_in(cup, 1)
                    return v.post("/v1/orders", {"email": "a@b"}).json["id"]

                one = order()
                paid = {"id": "e1", "type": "payment.succeeded", "order": one, "amount": 250, "currency": "GBP"}
                for answer in (self.note(server, paid, secret="another secret entirely"), self.note(server, paid, at=int(time.time()) - 400),
                               self.note(server, paid, at=int(time.time()) + 400), self.note(server, paid, sign="00" * 32), self.note(server, paid, sign="zz"),
                               server.post("/v1/webhooks/payments", paid)):
                    self.assertEqual(problem(answer)[:2], (401, "signature_invalid"))
                self.assertEqual(v.get(f"/v1/orders/{one}").json["state"], "pending")
                self.assertEqual(problem(self.note(server, {**paid, "amount": 249}))[2], "/amount")
                self.assertEqual(problem(self.note(server, {**paid, "currency": "EUR"}))[2], "/amount")
                self.assertEqual(self.note(server, {**paid, "order": "none"}).status, 404)
                self.assertEqual(problem(self.note(server, {**paid, "type": "refund"}))[2], "/type")
                self.assertEqual(self.note(server, "{").status, 422)
                self.assertEqual(self.note(server, paid).json, {"status": "taken", "state": "paid"})
                self.assertEqual(self.note(server, paid).json, {"status": "known", "state": "paid"})
                self.assertIsNotNone(v.get(f"/v1/orders/{one}").json["paid"])
                two = order()
                self.assertEqual(server.get(f"/v1/products{path_of(cup)}").json["stock"], 3)
                failed = {"id": "e2", "type": "payment.failed", "order": two, "amount": 250, "currency": "GBP"}
                self.assertEqual(self.note(server, failed).json, {"status": "taken", "state": "cancelled"})
                self.assertEqual(self.note(server, failed).json["status"], "known")
                self.assertEqual(server.get(f"/v1/products{path_of(cup)}").json["stock"], 4)
                late = self.note(server, {**paid, "id": "e3", "order": two})
                self.assertEqual(late.json, {"status": "taken", "state": "cancelled"})
                self.assertIsNotNone(v.get(f"/v1/orders/{two}").json["paid"])

    def test_without_a_secret_there_is_no_hook_and_a_short_one_is_refused(self):
        with serving([(250, 5)]) as (server, _):
            self.assertEqual(self.note(server, {}).status, 501)
        with tempfile.TemporaryDirectory() as top:
            short = pathlib.Path(top) / "short"
            short.write_text("x" * 15)
            with self.assertRaises(AssertionError):
                shop.run("serve", "--port", 0, "--data", pathlib.Path(top) / "data", "--payment-secret-file", short, timeout=20)


if __name__ == "__main__":
    unittest.main()
