"""Recommendations, and the events that change them."""
import json
import socket
import time
import unittest

import shop
from visitor import Visitor, path_of


class Recommend(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.products = []
        cursor = {}
        while cursor is not None:
            page = cls.server.get("/v1/products", limit=100, **cursor).json
            cls.products += page["items"]
            cursor = {"cursor": page["next"]} if page["next"] else None
        with open(shop.template() / "files" / "events.csv") as f:
            names = f.readline().strip().split(",")
            rows = [dict(zip(names, line.strip().split(","))) for line in f]
        cls.user = max({r["user"] for r in rows if r.get("user")}, key=lambda u: sum(r["user"] == u for r in rows))

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def recommend(self, **body):
        answer = self.server.post("/v1/recommendations", body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def ids(self, **body):
        return [i["id"] for i in self.recommend(**body)["items"]]

    def available(self):
        return [p for p in self.products if p["in_stock"]]

    def test_a_known_user_is_answered_by_the_hybrid_and_nobody_by_popularity(self):
        self.assertEqual(self.recommend(user=self.user)["strategy"], "hybrid")
        self.assertEqual(self.recommend(session="never seen")["strategy"], "popular")
        self.assertEqual(self.recommend()["strategy"], "popular")
        self.assertNotEqual(self.ids(user=self.user, limit=20), self.ids(limit=20))

    def test_get_and_post_answer_alike(self):
        got = self.server.get("/v1/recommendations", user=self.user, limit=7)
        self.assertEqual(got.status, 200)
        self.assertEqual([i["id"] for i in got.json["items"]], self.ids(user=self.user, limit=7))

    def test_an_event_is_in_the_very_next_answer(self):
        seed = self.ids(limit=1)[0]
        before = self.recommend(session="s-next", limit=20)
        self.assertEqual(before["strategy"], "popular")
        self.assertIn(seed, [i["id"] for i in before["items"]])
        stored = self.server.post("/v1/events", [{"type": "purchase", "session": "s-next", "item": seed}])
        self.assertEqual((stored.status, stored.json["stored"]), (200, 1))
        after = self.recommend(session="s-next", limit=20)
        self.assertEqual(after["strategy"], "hybrid")
        self.assertNotIn(seed, [i["id"] for i in after["items"]])

    def test_a_known_users_newest_act_counts_too(self):
        before = self.ids(user=self.user, limit=10)
        self.server.post("/v1/events", [{"type": "purchase", "user": self.user, "item": before[0]}])
        after = self.recommend(user=self.user, limit=10)
        self.assertEqual(after["strategy"], "hybrid")
        self.assertNotIn(before[0], [i["id"] for i in after["items"]])

    def test_a_disliked_product_does_not_come_back(self):
        first = self.ids(session="s-dislike", limit=3)
        self.server.post("/v1/events", [{"type": "dislike", "session": "s-dislike", "item": first[0]}])
        self.assertNotIn(first[0], self.ids(session="s-dislike", limit=20))

    def test_items_of_the_page_steer_the_answer(self):
        item = self.ids(limit=1)[0]
        answer = self.recommend(items=[item, "unknown"], limit=10)
        self.assertEqual(answer["strategy"], "hybrid")
        self.assertNotIn(item, [i["id"] for i in answer["items"]])

    def test_what_is_sold_out_never_comes(self):
        sold_out = {p["id"] for p in self.products if not p["in_stock"]}
        if not sold_out:
            self.skipTest("the generated shop has everything in stock")
        self.assertFalse(sold_out & set(self.ids(limit=100)))
        self.assertFalse(sold_out & set(self.ids(user=self.user, limit=100)))

    def test_exclusions_and_filters_are_applied_before_the_best_are_chosen(self):
        first = self.ids(user=self.user, limit=10)
        rest = self.ids(user=self.user, limit=10, exclude=first[:5])
        self.assertEqual(rest[:5], first[5:])
        self.assertEqual(len(rest), 10)
        root = self.products[0]["category"].split(" > ")[0]
        inside = [p for p in self.available() if p["category"].split(" > ")[0] == root]
        middle = sorted(p["price"] for p in inside)[len(inside) // 2]
        got = self.recommend(limit=100, filter={"category": root, "price_max": middle})["items"]
        self.assertTrue(got)
        self.assertTrue(all(i["category"].split(" > ")[0] == root and i["price"] <= middle for i in got))
        brand = self.products[0]["brand"]
        self.assertTrue(all(i["brand"] == brand for i in self.recommend(limit=100, filter={"brand": brand})["items"]))
        self.assertEqual(self.recommend(filter={"brand": "no such brand"})["items"], [])

    def test_reasons_name_items_of_the_history_and_share_the_score(self):
        items = self.recommend(user=self.user, explain=True, limit=5)["items"]
        for item in items:
            self.assertTrue(item["reasons"])
            self.assertLessEqual(sum(r["weight"] for r in item["reasons"]), 1 + 1e-6)
            self.assertTrue(all(r["type"] == "history" and r["item"] for r in item["reasons"]))
        plain = self.recommend(user=self.user, limit=1)["items"][0]
        self.assertFalse({"reasons", "parts"} & set(plain))

    def test_each_hit_says_which_part_gave_which_share(self):
        for who in ({"user": self.user}, {"session": "s-parts"}, {"items": [self.products[0]["id"]]}):
            for item in self.recommend(explain=True, limit=5, **who)["items"]:
                shares = {p["part"]: p["share"] for p in item["parts"]}
                self.assertEqual(len(shares), len(item["parts"]))
                self.assertAlmostEqual(sum(shares.values()), 1, places=5)
                self.assertTrue(all(s > 0 for s in shares.values()))

    def test_fields_choose_the_members(self):
        item = self.recommend(limit=1, fields=["price"])["items"][0]
        self.assertEqual(set(item), {"id", "score", "price", "currency"})
        self.assertEqual(set(self.recommend(limit=1, fields=[])["items"][0]), {"id", "score"})

    def test_a_batch_is_answered_in_order(self):
        asks = [{"user": self.user, "limit": 3}, {"limit": 2}, {"session": "x", "limit": 1}]
        answer = self.server.post("/v1/recommendations", {"requests": asks})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual([len(r["items"]) for r in answer.json["results"]], [3, 2, 1])
        self.assertEqual([r["strategy"] for r in answer.json["results"]], ["hybrid", "popular", "popular"])

    def test_what_is_scored_beside_the_loop_is_answered_alike(self):
        one = {"user": self.user, "limit": 100, "explain": True}
        alone = self.server.post("/v1/recommendations", one).json
        answer = self.server.post("/v1/recommendations", {"requests": [one] * 20})
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["cache-control"], "private, no-store")
        for result in answer.json["results"]:
            self.assertEqual(result["items"], alone["items"])
        wrong = self.server.post("/v1/recommendations", {"requests": [one] * 19 + [{"limit": 0}]})
        self.assertEqual(wrong.json["errors"][0]["pointer"], "/requests/19/limit")

    def test_wrong_requests_are_pointed_at(self):
        for body, pointer in (({"limit": 0}, "/limit"), ({"limit": "3"}, "/limit"), ({"limits": 3}, "/limits"), ({"items": "a"}, "/items"),
                              ({"items": [1]}, "/items/0"), ({"user": ""}, "/user"), ({"fields": ["colour"]}, "/fields/0"),
                              ({"filter": {"price_min": -1}}, "/filter/price_min"), ({"requests": []}, "/requests"),
                              ({"requests": [{"limit": 3}, {"limit": 1000}]}, "/requests/1/limit"), ([], "")):
            answer = self.server.post("/v1/recommendations", body)
            self.assertEqual(answer.status, 422, (body, answer.body))
            self.assertEqual(answer.json["errors"][0]["pointer"], pointer, answer.body)
        self.assertEqual(self.server.post("/v1/recommendations", "{", headers={"Content-Type": "application/json"}).status, 422)
        self.assertEqual(self.server.post("/v1/recommendations", "{}", headers={"Content-Type": "text/plain"}).status, 415)


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def send(self, events, query="", **kw):
        return self.server.post("/v1/events" + query, events, **kw)

    def test_every_event_has_its_own_fate_in_order(self):
        good = {"type": "view", "session": "f", "item": "p"}
        answer = self.send([good, {**good, "type": "stare"}, {"type": "view", "session": "f"}, {**good, "value": "x"},
                            {**good, "time": "yesterday"}, {**good, "price": 1.5}, {**good, "colour": "red"}, {**good, "item": "x" * 256},
                            7, {**good, "time": "2100-01-01T00:00:00Z"}])
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual([r["status"] for r in answer.json["results"]], ["stored"] + ["rejected"] * 9)
        pointers = [r["errors"][0]["pointer"] for r in answer.json["results"][1:]]
        self.assertEqual(pointers, ["/events/1/type", "/events/2/item", "/events/3/value", "/events/4/time", "/events/5/price",
                                    "/events/6/colour", "/events/7/item", "/events/8", "/events/9/time"])
        self.assertEqual((answer.json["stored"], answer.json["rejected"]), (1, 9))

    def test_quantity_goes_with_goods_that_move(self):
        bought = {"type": "purchase", "session": "q", "item": "p"}
        answer = self.send([{**bought, "quantity": 3, "price": 5, "position": 2, "recommendation_id": "r"}, {**bought, "quantity": 0}, {**bought, "quantity": 1.5},
                            {**bought, "quantity": 1, "value": 1}, {**bought, "type": "view", "quantity": 1}])
        self.assertEqual([r["status"] for r in answer.json["results"]], ["stored"] + ["rejected"] * 4)
        self.assertEqual({r["errors"][0]["pointer"] for r in answer.json["results"][1:]}, {f"/events/{i}/quantity" for i in range(1, 5)})

    def test_the_same_event_id_counts_once(self):
        event = {"event_id": "once", "type": "view", "session": "d", "item": "p"}
        self.assertEqual(self.send([event, event]).json["stored"], 1)
        again = self.send({"events": [event]})
        self.assertEqual((again.json["stored"], again.json["duplicates"]), (0, 1))

    def test_one_wrong_event_refuses_an_atomic_batch(self):
        good = {"event_id": "atomic-1", "type": "view", "session": "a", "item": "p"}
        answer = self.send([good, {"type": "view"}], "?atomic=true")
        self.assertEqual(answer.status, 422)
        self.assertTrue(all(e["pointer"].startswith("/events/1") for e in answer.json["errors"]))
        self.assertEqual(self.send([good], "?atomic=true").json["stored"], 1)

    def test_lines_of_json_are_taken_too(self):
        lines = "\n".join(json.dumps({"type": "view", "session": "n", "item": f"p{i}"}) for i in range(5)) + "\r\n\n"
        answer = self.send(lines, headers={"Content-Type": "application/x-ndjson; charset=utf-8"})
        self.assertEqual((answer.status, answer.json["stored"]), (200, 5))
        broken = self.send('{"type":\n', headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual(broken.status, 422)

    def test_limits_are_kept(self):
        event = {"type": "view", "session": "l", "item": "p"}
        self.assertEqual(self.send([event] * 1000).status, 200)
        self.assertEqual(self.send([event] * 1001).status, 422)
        self.assertEqual(self.send([]).status, 422)
        self.assertEqual(self.send({"events": [event], "more": 1}).status, 422)
        self.assertEqual(self.send("x" * (3 << 20), headers={"Content-Type": "application/json"}).status, 413)
        self.assertEqual(self.send("a,b", headers={"Content-Type": "text/csv"}).status, 415)
        self.assertEqual(self.send([event], "?atomic=maybe").status, 422)


class Factors(unittest.TestCase):
    """A model that holds no hybrid, as those of large catalogues."""

    def test_strategies_say_what_is_known(self):
        with shop.serving() as server:
            shop.train(server.data, model="als")
            for _ in range(200):
                if server.get("/v1/recommendations").json["model_version"] == 2:
                    break
                time.sleep(.05)
            item = server.get("/v1/recommendations", limit=1).json["items"][0]["id"]
            asks = [{"user": "u1", "explain": True}, {"items": [item]}, {}]
            answers = server.post("/v1/recommendations", {"requests": asks}).json["results"]
            self.assertEqual([a["strategy"] for a in answers], ["personal", "session", "popular"])
            self.assertNotIn("parts", answers[0]["items"][0])


class Together(unittest.TestCase):
    """Questions that arrive at the same time share a pass over the items; each answer is as it would be alone."""

    def test_answers_to_many_at_once_are_those_to_one_at_a_time(self):
        with shop.serving("--loops", "1") as server:
            shop.train(server.data, model="als", quantize="int8")
            for _ in range(200):
                if server.get("/v1/recommendations").json["model_version"] == 2:
                    break
                time.sleep(.05)
            item = server.get("/v1/recommendations", limit=1).json["items"][0]["id"]
            self.assertEqual(server.post("/v1/events", [{"type": "purchase", "session": "s1", "item": item},
                                                        {"type": "dislike", "user": "u3", "item": item}]).json["stored"], 2)
            paths = [f"/v1/recommendations?user=u{u}&limit={3 + u % 5}" for u in range(60)]
            paths += ["/v1/recommendations?session=s1", "/v1/recommendations?session=nobody", "/v1/recommendations", "/v1/recommendations?user=u2&explain=true",
                      "/v1/recommendations?user=u1&category=none"]
            alone = [server.get(p).json for p in paths]
            self.assertIn("personal", [a["strategy"] for a in alone])
            for _ in range(5):
                sockets = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in paths]
                for s, path in zip(sockets, paths):
                    s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                for s, path, wanted in zip(sockets, paths, alone):
                    head, body = b"".join(iter(lambda s=s: s.recv(65536), b"")).split(b"\r\n\r\n", 1)
                    s.close()
                    self.assertTrue(head.startswith(b"HTTP/1.1 200"), head)
                    got = json.loads(body)
                    self.assertEqual((got["strategy"], got["items"]), (wanted["strategy"], wanted["items"]), path)


class Newest(unittest.TestCase):
    """What somebody did last is kept in memory between answers, and right in the very next one."""

    def first(self, server, **who):
        return server.get("/v1/recommendations", limit=5, **who).json["items"][0]["id"]

    def test_each_of_many_events_is_in_the_answer_after_it(self):
        with shop.serving() as server:
            for who in ({"user": "u1"}, {"user": "brand new"}, {"session": "s"}):
                for _ in range(8):
                    item = self.first(server, **who)
                    self.assertEqual(item, self.first(server, **who))
                    self.assertEqual(server.post("/v1/events", [{"type": "purchase", "item": item, **who}]).json["stored"], 1)
                    self.assertNotIn(item, [i["id"] for i in server.get("/v1/recommendations", limit=100, **who).json["items"]])

    def test_the_cart_a_like_taken_back_and_signing_in_count_at_once(self):
        with shop.serving() as server:
            guest = Visitor(server)
            item = guest.recommended(1)[0]
            where = f"/v1/products{path_of(item)}/opinion"
            self.assertIn(guest.put(where, {"opinion": "dislike"}).status, (200, 201))
            self.assertNotIn(item, guest.recommended(50))
            self.assertEqual(guest.delete(where).status, 204)
            self.assertIn(item, guest.recommended(50))
            self.assertIn(guest.put(where, {"opinion": "dislike"}).status, (200, 201))
            guest.register("joins")
            self.assertNotIn(item, guest.recommended(50))

    def test_what_another_process_imports_counts_soon(self):
        with shop.serving() as server:
            item = self.first(server, user="u2")
            self.assertEqual(item, self.first(server, user="u2"))
            events = server.data.parent / "more.csv"
            with open(events, "w") as f:
                f.write(f"user,item,type,time\nu2,{item},purchase,{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() - 60))}\n")
            shop.run("import", "--data", server.data, "--events", events)
            for _ in range(100):
                if item != self.first(server, user="u2"):
                    break
                time.sleep(.1)
            self.assertNotEqual(item, self.first(server, user="u2"))

    def test_what_is_found_sold_out_when_it_is_put_into_words_leaves_no_gap(self):
        """Another process sells out some of the best: mostly it is not yet known to what is offered, and their texts, with
        members that nobody has asked for before, are read from the store. The lists are the same either way."""
        with shop.serving() as server:
            def ids(limit, **body):
                answer = server.post("/v1/recommendations", {"user": "u2", "limit": limit, **body})
                self.assertEqual(answer.status, 200, answer.body)
                return [i["id"] for i in answer.json["items"]]
            before = ids(100)
            self.assertEqual(len(before), 100)
            sold = [before[0], before[4], before[36]]
            by_id = {i: server.get(f"/v1/products/{i}").json for i in sold}
            path = server.data.parent / "sold.csv"
            path.write_text("id,title,category,price,currency,stock\n" + "".join(
                f'{i},"{by_id[i]["title"]}","{by_id[i]["category"]}",9.99,EUR,0\n' for i in sold))
            shop.run("import", "--data", server.data, "--products", path)
            left = [i for i in before if i not in sold]
            self.assertEqual(ids(10, fields=["brand"]), left[:10])
            got = ids(100, fields=["brand"])
            self.assertEqual(got[:97], left)
            self.assertEqual(len(set(got) - set(sold)), 100)


class Products(unittest.TestCase):
    """What an answer says of products is kept between answers, and right in the very next one when they change."""

    def ids(self, server, **query):
        return [i["id"] for i in server.get("/v1/recommendations", limit=5, **query).json["items"]]

    def test_what_changes_of_a_product_is_in_the_very_next_answer(self):
        with shop.serving() as server:
            first = server.get("/v1/recommendations", limit=5).json["items"][0]
            path, record = f"/v1/admin/products/{first['id']}", {}

            def put(**change):
                record.update(change)
                self.assertIn(server.ask("PUT", path, record).status, (200, 201))
                return [i for i in server.get("/v1/recommendations", limit=5).json["items"] if i["id"] == first["id"]]
            self.assertEqual(put(title="Another \"name\"", brand="B\u00fcro", price=123, currency="EUR", stock=7)[0]["title"], 'Another "name"')
            self.assertEqual(put(price=124)[0]["price"], 124)
            self.assertEqual(put(brand="None such")[0]["brand"], "None such")
            self.assertEqual(put(stock=0), [])
            self.assertEqual(put(stock=1)[0]["in_stock"], True)
            self.assertEqual(put(hidden=True), [])
            self.assertEqual(len(put(hidden=False)), 1)
            self.assertEqual(server.ask("DELETE", path).status, 204)
            self.assertNotIn(first["id"], self.ids(server))

    def test_a_rating_is_in_the_very_next_answer(self):
        with shop.serving() as server:
            one = server.get("/v1/recommendations", limit=5).json["items"][0]
            before = one["rating"]["count"]
            rated = Visitor(server).register("rater").put(f"/v1/products{path_of(one['id'])}/rating", {"stars": 5})
            self.assertIn(rated.status, (200, 201), rated.body)
            after = [i for i in server.get("/v1/recommendations", limit=5).json["items"] if i["id"] == one["id"]]
            self.assertEqual(after[0]["rating"]["count"], before + 1)

    def test_each_choice_of_fields_is_kept_apart(self):
        with shop.serving() as server:
            for _ in range(2):
                for fields in ([], ["price"], ["title", "stock"], ["title"]):
                    got = server.post("/v1/recommendations", {"fields": fields, "limit": 3}).json["items"]
                    wanted = {"id", "score", *fields} | ({"currency"} if "price" in fields else set())
                    self.assertTrue(got and all(set(i) == wanted for i in got), (fields, got))

    def test_a_shop_without_a_catalogue_is_answered_and_listing_a_product_shows_it(self):
        with shop.serving(fresh=True) as server:
            events = server.data.parent / "events.csv"
            with open(events, "w") as f:
                f.write("user,item,type\n" + "".join(f"u{u},p{(u * 7 + k) % 20},purchase\n" for u in range(60) for k in range(6)))
            shop.run("import", "--data", server.data, "--events", events)
            shop.train(server.data, model="als", factors=8)
            for _ in range(200):
                if server.get("/v1/recommendations").status == 200:
                    break
                time.sleep(.05)
            for _ in range(2):
                items = server.get("/v1/recommendations", user="u1", limit=3).json["items"]
                self.assertEqual([len(items), items[0]["title"], items[0]["price"], items[0]["rating"]], [3, None, None, {"average": None, "count": 0}])
            self.assertEqual(server.ask("PUT", f"/v1/admin/products/{items[0]['id']}", {"title": "listed"}).status, 201)
            again = server.get("/v1/recommendations", user="u1", limit=3).json["items"]
            self.assertIn("listed", [i["title"] for i in again])


class Strangers(unittest.TestCase):
    """People with a record and no event: a hybrid knows their groups."""

    def test_a_country_moves_the_answer_before_the_first_event(self):
        with shop.serving(fresh=True) as server:
            top = server.data.parent
            with open(top / "products.csv", "w") as f:
                f.write("id,title\n" + "".join(f"p{i},thing {i}\n" for i in range(40)))
            with open(top / "users.csv", "w") as f:
                f.write("id,country\n" + "".join(f"u{u},{'FR' if u % 2 else 'GB'}\n" for u in range(200)) + "new-gb,GB\nnew-fr,FR\n")
            with open(top / "events.csv", "w") as f:
                f.write("user,item,type,time\n" + "".join(
                    f"u{u},p{(u * 7 + k * k * 4 + 2 * k) % 20 * 2 + u % 2},purchase,2026-01-{1 + (u + k) % 28:02}T00:00:00Z\n" for u in range(200) for k in range(6)))
            shop.run("import", "--data", server.data, "--products", top / "products.csv", "--users", top / "users.csv", "--events", top / "events.csv")
            shop.train(server.data)
            for _ in range(200):
                if server.get("/v1/recommendations").status == 200:
                    break
                time.sleep(.05)
            for name, odd in (("new-gb", 0), ("new-fr", 1)):
                answer = server.get("/v1/recommendations", user=name, limit=10).json
                self.assertEqual(answer["strategy"], "hybrid")
                self.assertEqual({int(i["id"][1:]) % 2 for i in answer["items"]}, {odd}, name)
            self.assertEqual(server.get("/v1/recommendations", user="nobody").json["strategy"], "popular")


if __name__ == "__main__":
    unittest.main()
