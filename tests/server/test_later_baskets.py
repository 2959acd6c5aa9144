"""What is bought together since the training: against all baskets counted by hand, and against the next training."""
import collections
import csv
import datetime
import itertools
import math
import time
import unittest

import shop
from people import PASSWORD, Browser, register


def baskets_of(rows):
    """Orders of the generated shop, less what was cancelled."""
    gone = collections.Counter((r["user"], r["item"]) for r in rows if r["type"] == "cancel")
    found = collections.defaultdict(set)
    for r in reversed(rows):
        if r["type"] == "purchase":
            if gone[r["user"], r["item"]]:
                gone[r["user"], r["item"]] -= 1
            else:
                found[r["user"], r["order"]].add(r["item"])
    return found


class LaterBaskets(unittest.TestCase):
    def setUp(self):
        scope = shop.serving()
        self.server = scope.__enter__()
        self.addCleanup(scope.__exit__, None, None, None)
        with open(shop.template() / "files" / "events.csv") as f:
            self.rows = list(csv.DictReader(f))
        self.baskets = baskets_of(self.rows)
        self.sent = 0
        self.stocked = set()
        cursor = {}
        while cursor is not None:
            page = self.server.get("/v1/products", limit=100, **cursor).json
            self.stocked |= {p["id"] for p in page["items"] if p["in_stock"]}
            cursor = {"cursor": page["next"]} if page["next"] else None

    def post(self, *events):
        for e in events:
            self.sent += 1
            e["event_id"] = f"later-{self.sent}"
        answer = self.server.post("/v1/events", list(events))
        self.assertEqual((answer.status, answer.json.get("stored")), (200, len(events)), answer.body)

    def buy(self, who, order, *items, type="purchase", by="user"):
        self.post(*({"type": type, by: who, "item": i, **({"order": order} if order else {})} for i in items))
        if type == "purchase":
            self.baskets[who, order].update(items)
        else:
            self.baskets[who, order].difference_update(items)

    def post_as(self, browser, order, *items):
        answer = browser.post("/v1/events", [{"type": "purchase", "item": i, "order": order, "event_id": f"{order}-{i}"} for i in items])
        self.assertEqual((answer.status, answer.json.get("stored")), (200, len(items)), answer.body)
        self.baskets[browser, order].update(items)

    def list_of(self, product):
        answer = self.server.get(f"/v1/products/{product}/related", intent="complementary", limit=100)
        self.assertEqual(answer.status, 200, answer.body)
        return {i["id"]: i["score"] for i in answer.json["items"]}

    def await_that(self, true, what):
        end = time.monotonic() + 30
        while not true():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(.05)

    def ratio(self, a, b):
        sets = [s for s in self.baskets.values() if s]
        n, both = len(sets), sum(a in s and b in s for s in sets)
        of_a, of_b = (sum(x in s for s in sets) for x in (a, b))
        table = ((both, of_a * of_b), (of_a - both, of_a * (n - of_b)), (of_b - both, (n - of_a) * of_b),
                 (n - of_a - of_b + both, (n - of_a) * (n - of_b)))
        return 2 * sum(k * math.log(k * n / e) for k, e in table if k) if both * n > of_a * of_b else 0

    def strangers(self, n=1):
        """Products that were bought, but never in one basket with each other."""
        counted = collections.Counter(i for s in self.baskets.values() for i in s)
        met = {(a, b) for s in self.baskets.values() for a in s for b in s}
        seldom = [i for i, k in sorted(counted.items(), key=lambda c: (c[1], c[0])) if k >= 3 and i in self.stocked]
        return list(itertools.islice(((a, b) for a in seldom for b in seldom if a < b and (a, b) not in met), n))

    def is_counted(self, a, b):
        got, want = self.list_of(a).get(b, 0), self.ratio(a, b)
        return abs(got - (want if want >= 6.63 else 0)) <= 1e-4 * want

    def await_count(self, a, b):
        self.await_that(lambda: self.is_counted(a, b), f"{a} with {b}: {self.ratio(a, b)} wanted")

    def test_pairs_of_several_people_show_without_a_training(self):
        (a, b), = self.strangers()
        self.assertNotIn(b, self.list_of(a))
        for n in range(4):
            self.buy("ann", f"a{n}", a, b)
        (c, d), = self.strangers()
        for n in range(4):  # what was said of c and d by now was said of a and b before
            self.buy(f"one-{n}", f"c{n}", c, d)
        self.await_count(c, d)
        self.assertGreater(self.ratio(c, d), 6.7)
        self.assertIn(d, self.list_of(c))
        self.assertGreater(self.ratio(a, b), 6.7)
        self.assertNotIn(b, self.list_of(a), "what ann alone buys is not for others to see")
        self.buy("bob", "b1", a, b)
        self.await_count(a, b)
        self.assertIn(b, self.list_of(a))
        self.assertIn(a, self.list_of(b))
        self.server.kill()
        self.server.start()
        self.await_count(a, b)
        self.await_count(c, d)
        self.buy("bob", "b1", b, type="cancel")
        self.await_that(lambda: b not in self.list_of(a), "ann is alone again")
        self.assertGreater(self.ratio(a, b), 6.7)
        self.assertTrue(self.is_counted(c, d))

    def test_a_guest_who_registers_is_one_person(self):
        (a, b), *others = self.strangers(3)
        browser = Browser(self.server)
        for n, (c, d) in enumerate(others):  # what was said of c and d by now was said of a and b before
            for order in (f"{n}-1", f"{n}-2", f"{n}-3"):
                self.post_as(browser, order, a, b)
            for k in range(4):
                self.buy(f"one-{k}", f"c{n}-{k}", c, d)
            self.await_count(c, d)
            self.assertNotIn(b, self.list_of(a), "one person's, as a guest and signed in")
            if n == 0:
                register(self.server, browser=browser)
        self.buy("bob", "b1", a, b)
        self.await_that(lambda: b in self.list_of(a), "two people's")

    def test_baskets_of_the_erased_go(self):
        (a, b), (c, d) = self.strangers(2)
        browser, _, _ = register(self.server)
        for n in range(4):
            self.post_as(browser, f"g{n}", a, b)
        self.buy("bob", "b1", a, b)
        self.buy("bob", "b2", c, d)
        for n in range(4):
            self.buy(f"one-{n}", f"c{n}", c, d)
        self.await_that(lambda: b in self.list_of(a) and d in self.list_of(c), "two people's")
        answer = browser.ask("DELETE", "/v1/account", {"password": PASSWORD})
        self.assertLess(answer.status, 300, answer.body)
        self.baskets = collections.defaultdict(set, {k: s for k, s in self.baskets.items() if k[0] != browser})
        self.await_that(lambda: b not in self.list_of(a), "bob is alone")
        self.await_count(c, d)

    def test_guests_without_orders_have_baskets_of_a_day(self):
        (a, b), = self.strangers()
        for n in range(3):
            self.buy(f"guest-{n}", "", a, by="session")
        for n in range(3):
            self.buy(f"guest-{n}", "", b, by="session")
        self.await_count(a, b)
        self.assertIn(b, self.list_of(a))

    def test_a_product_of_today_has_complements(self):
        self.assertIn(self.server.ask("PUT", "/v1/admin/products/new-1", {"title": "Quite new", "price": 100, "currency": "EUR"}).status, (200, 201))
        old = self.strangers()[0][0]
        for n in range(3):
            self.buy(f"p{n}", f"n{n}", "new-1", old)
        self.await_count(old, "new-1")
        self.await_count("new-1", old)
        self.assertEqual(list(self.list_of("new-1")), [old])
        cart = self.server.post("/v1/recommendations", {"items": ["new-1"], "scenario": "cart", "limit": 5}).json["items"]
        self.assertIn((old, "complementary"), [(i["id"], i["source"]) for i in cart])

    def test_an_order_goes_on_after_the_training_and_old_ones_are_cancelled(self):
        big = [(k, s) for k, s in self.baskets.items() if len(s) >= 2 and s <= self.stocked]
        (user, order), had = big[0]
        product = sorted(had)[0]
        added = next(i for i in sorted(self.stocked) if i not in had and all(not {i, h} <= s for s in self.baskets.values() for h in had))
        self.buy(user, order, added)
        (a, b), = self.strangers()
        for n in range(2):
            self.buy(f"c{n}", f"m{n}", a, b)
        self.await_count(a, b)
        for other in self.list_of(product):
            self.assertTrue(self.is_counted(product, other), (product, other))
        pair = next((u, o, x, y) for (u, o), s in self.baskets.items() for x in s for y in self.list_of(x)
                    if y in s and o and u != user and sum(x in t for k, t in self.baskets.items() if k[0] == u) == 1)
        buyer, order, x, y = pair
        quantity = max(float(r["value"] or 1) for r in self.rows if r["user"] == buyer and r["item"] == x and r["type"] == "purchase")
        self.post({"type": "cancel", "user": buyer, "item": x, "quantity": int(quantity)})
        self.baskets[buyer, order].discard(x)
        self.await_that(lambda: all(self.is_counted(x, other) for other in self.list_of(x)), f"{x} as if {buyer} had not bought it")

    def test_the_next_training_says_the_same(self):
        pairs = self.strangers(30)
        for n, (a, b) in enumerate(pairs):
            for k in range(1 + n % 4):
                self.buy(f"t{k}", f"{n}-{k}", a, b)
        listed = sorted(set().union(*self.baskets.values()) & self.stocked)
        (a, b), = self.strangers()
        for n in range(2):
            self.buy(f"l{n}", f"l{n}", a, b)
        self.await_count(a, b)
        before = {i: self.list_of(i) for i in listed}
        version = self.server.get("/v1/admin/models").json["items"]
        done = self.server.await_job(self.server.post("/v1/admin/trainings", {"factors": 8, "iterations": 3}).json["id"])
        self.assertEqual(done["state"], "succeeded", done)
        self.assertNotEqual(self.server.get("/v1/admin/models").json["items"], version)
        same = 0
        for i in listed:
            after = self.list_of(i)
            for other, score in before[i].items():
                self.assertLessEqual(score, after.get(other, 0) * 1.0001, (i, other))
                same += math.isclose(score, after[other], rel_tol=1e-4)
        self.assertGreaterEqual(same, .95 * sum(map(len, before.values())))
        self.assertGreater(same, 50)


if __name__ == "__main__":
    unittest.main()
