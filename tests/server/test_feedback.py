"""Stars, reviews, votes, likes, dislikes, wishes: what they come to, whose they are, and that the very next recommendation knows."""
import contextlib
import sqlite3
import unittest

import shop
from visitor import Visitor, path_of, problem


class Feedback(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()
        cls.names = iter(range(1000))
        with contextlib.closing(sqlite3.connect(cls.server.data / "aisle.db")) as db:
            cls.before = db.execute("SELECT max(id) FROM events").fetchone()[0]  # of the generated shop
        cls.popular = Visitor(cls.server).recommended(50)

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def person(self):
        return Visitor(self.server).register(f"p{next(self.names)}")

    def product(self):
        """One that no other test of this class uses."""
        return self.popular.pop()

    def events(self, item, *types):
        with contextlib.closing(sqlite3.connect(self.server.data / "aisle.db")) as db:
            return db.execute(f"SELECT e.type, e.value FROM events e JOIN products p ON p.id = e.product_id WHERE p.ext = ? AND e.type IN"
                              f" ({','.join(map(str, types))}) AND e.id > {self.before} ORDER BY e.id", (item,)).fetchall()

    def summary(self, item):
        return self.server.get(f"/v1/products{path_of(item)}").json["rating"]


class Mine(Feedback):
    def mine(self, who, item):
        return who.get(f"/v1/products{path_of(item)}/mine").json

    def test_it_tells_what_one_has_said_and_no_more(self):
        nothing = {"stars": None, "opinion": None, "wished": False, "review": None}
        ann, guest, item = self.person(), Visitor(self.server), self.product()
        at = path_of(item)
        self.assertEqual(self.mine(guest, item), nothing)
        review = ann.post(f"/v1/products{at}/reviews", {"text": "Good.", "stars": 4}).json
        ann.put(f"/v1/products{at}/opinion", {"opinion": "dislike"})
        self.assertEqual(self.mine(ann, item), {"stars": 4, "opinion": "dislike", "wished": False, "review": review})
        ann.put(f"/v1/wishlist/items{at}")  # its like is no opinion
        self.assertEqual(self.mine(ann, item), {"stars": 4, "opinion": "dislike", "wished": True, "review": review})
        guest.put(f"/v1/products{at}/opinion", {"opinion": "like"})
        self.assertEqual(self.mine(guest, item), {**nothing, "opinion": "like"})
        self.assertEqual(self.mine(self.person(), item), nothing)
        for gone in (f"/v1/products{at}/opinion", f"/v1/wishlist/items{at}", f"/v1/reviews/{review['id']}", f"/v1/products{at}/rating"):
            self.assertEqual(ann.delete(gone).status, 204, gone)
        self.assertEqual(self.mine(ann, item), nothing)


class Opinions(Feedback):
    def test_disliked_is_never_recommended_and_taken_back_it_is_again(self):
        for who in (Visitor(self.server), self.person()):
            first = who.recommended(5)[0]
            where = f"/v1/products{path_of(first)}/opinion"
            self.assertEqual(who.put(where, {"opinion": "dislike"}).json, {"item": first, "opinion": "dislike"})
            self.assertNotIn(first, who.recommended(100))
            self.assertEqual(who.delete(where).status, 204)
            self.assertIn(first, who.recommended(100))
            self.assertEqual(problem(who.delete(where))[:2], (404, "not_found"))

    def test_liked_moves_the_list_and_replaces_the_dislike(self):
        v = Visitor(self.server)
        before = v.recommended(20)
        item = before[3]
        where = f"/v1/products{path_of(item)}/opinion"
        v.put(where, {"opinion": "dislike"})
        v.put(where, {"opinion": "like"})
        self.assertNotEqual(v.get("/v1/recommendations").json["strategy"], "popular")
        self.assertNotEqual(v.recommended(20), [i for i in before if i != item])
        self.assertEqual(v.delete(where).status, 204)
        self.assertEqual(v.recommended(20), before)

    def test_wrong_opinions_are_refused(self):
        v = Visitor(self.server)
        where = f"/v1/products{path_of(self.popular[0])}/opinion"
        for body, pointer in (({"opinion": "hate"}, "/opinion"), ({}, "/opinion"), ({"opinion": 1}, "/opinion"), ({"opinion": "like", "by": 1}, "/by")):
            self.assertEqual(problem(v.put(where, body)), (422, "validation_failed", pointer))
        self.assertEqual(v.put("/v1/products/none/opinion", {"opinion": "like"}).status, 404)

    def test_wishes_are_of_one_visitor_and_join_the_account(self):
        v, other, item = Visitor(self.server), Visitor(self.server), self.product()
        where = f"/v1/wishlist/items{path_of(item)}"
        self.assertEqual(v.get("/v1/wishlist/items").json, {"items": [], "next": None})
        self.assertEqual((v.put(where).status, v.put(where).status), (204, 204))
        self.assertEqual(self.events(item, 8), [(8, 1.0)])
        self.assertEqual([w["item"] for w in v.get("/v1/wishlist/items").json["items"]], [item])
        self.assertEqual(v.get(where).json["item"], item)
        self.assertEqual(other.get(where).status, 404)
        self.assertEqual(other.delete(where).status, 404)
        self.assertEqual(v.put("/v1/wishlist/items/none").status, 404)
        v.put(f"/v1/products{path_of(item)}/opinion", {"opinion": "dislike"})
        v.delete(f"/v1/products{path_of(item)}/opinion")
        self.assertEqual(self.events(item, 8, 9), [(8, 1.0)])  # the wish keeps its like
        v.register("wisher")
        self.assertEqual(v.get(where).status, 200)
        self.assertEqual(v.delete(where).status, 204)
        self.assertEqual(self.events(item, 8), [])

    def test_carts_and_orders_join_the_account_too(self):
        v, item = Visitor(self.server), self.product()
        v.put_in(item, 1)
        order = v.post("/v1/orders", {"email": "a@b"}).json["id"]
        v.put_in(item, 2)
        v.register("buyer")
        self.assertEqual([(i["id"], i["quantity"]) for i in v.get("/v1/cart").json["items"]], [(item, 2)])
        self.assertEqual(v.get(f"/v1/orders/{order}").status, 200)
        self.assertEqual(v.post("/v1/orders", {}).status, 201)


class Ratings(Feedback):
    def test_stars_count_once_a_person_and_can_be_taken_back(self):
        a, b, item = self.person(), self.person(), self.product()
        where = f"/v1/products{path_of(item)}/rating"
        self.assertEqual(self.summary(item)["count"], 0)
        self.assertEqual(a.put(where, {"stars": 5}).json, {"item": item, "stars": 5})
        a.put(where, {"stars": 4})
        b.put(where, {"stars": 1})
        self.assertEqual(self.summary(item), {"average": 2.5, "count": 2})
        self.assertEqual(self.events(item, 6), [(6, 4.0), (6, 1.0)])
        self.assertNotIn(item, a.recommended(100))
        self.assertEqual(b.delete(where).status, 204)
        self.assertEqual(problem(b.delete(where))[:2], (404, "not_found"))
        self.assertEqual(self.summary(item), {"average": 4, "count": 1})
        self.assertEqual(self.events(item, 6), [(6, 4.0)])
        a.delete(where)
        self.assertEqual(a.get("/v1/recommendations").json["strategy"], "popular")

    def test_wrong_stars_are_refused_and_guests_sign_in_first(self):
        a, where = self.person(), f"/v1/products{path_of(self.popular[0])}/rating"
        for text in ("0", "6", "-1", "1.25", "3.5", "1e309", "9223372036854775808", '"5"', "null", "[]", "NaN"):
            self.assertEqual(a.raw("PUT", where, '{"stars": %s}' % text).status, 422, text)
        self.assertEqual(problem(Visitor(self.server).put(where, {"stars": 5}))[:2], (401, "authentication_required"))
        self.assertEqual(a.put("/v1/products/none/rating", {"stars": 5}).status, 404)


class Reviews(Feedback):
    def test_one_review_a_person_with_stars_votes_and_order(self):
        a, b, c, item = self.person(), self.person(), self.person(), self.product()
        where = f"/v1/products{path_of(item)}/reviews"
        text = "Ünïcode \u202e <script>alert(1)</script> '; DROP TABLE reviews; -- 𝔘𝔫𝔦 \\u0000 {{7*7}}"
        first = a.post(where, {"title": "Good", "text": text, "stars": 5})
        self.assertEqual(first.status, 201, first.body)
        self.assertEqual((first.json["text"], first.json["stars"], first.json["state"], first.json["verified"]), (text, 5, "published", False))
        self.assertTrue(first.json["author"].startswith("p"))
        self.assertEqual(problem(a.post(where, {"text": "again"}))[:2], (409, "conflict"))
        second = b.post(where, {"text": "Bad", "stars": 2}).json["id"]
        third = c.post(where, {"text": "So so"}).json["id"]
        first = first.json["id"]
        self.assertEqual(self.events(item, 6, 7), [(6, 5.0), (7, 5.0), (6, 2.0), (7, 2.0), (7, 0.0)])
        votes = lambda who, review, helpful: who.post(f"/v1/reviews/{review}/votes", {"helpful": helpful})
        self.assertEqual(votes(a, second, True).json["helpful"], 1)
        self.assertEqual(votes(a, second, True).json["helpful"], 1)
        self.assertEqual([votes(c, second, h).json["helpful"] for h in (True, False, True)], [2, 1, 2])
        self.assertEqual(votes(b, first, False).json["unhelpful"], 1)
        self.assertEqual(problem(votes(a, first, True))[:2], (403, "access_denied"))
        listed = lambda sort: [r["id"] for r in self.server.get(where, sort=sort).json["items"]]
        self.assertEqual(listed("helpful"), [second, third, first])
        self.assertEqual(listed("newest"), [third, second, first])
        self.assertEqual(listed("stars"), [first, second, third])
        ratings = self.server.get(where).json["ratings"]
        self.assertEqual(ratings, {"average": 3.5, "count": 2, "stars": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}})
        seen, cursor = [], {}
        while cursor is not None:
            page = self.server.get(where, sort="helpful", limit=1, **cursor).json
            seen += [r["id"] for r in page["items"]]
            cursor = {"cursor": page["next"]} if page["next"] else None
        self.assertEqual(seen, [second, third, first])
        self.assertEqual(self.server.get(where, sort="newest", cursor="0.1.1").status, 422)

    def test_reviews_are_changed_and_removed_by_their_writer_alone(self):
        a, b, item = self.person(), self.person(), self.product()
        where = f"/v1/products{path_of(item)}/reviews"
        review = f"/v1/reviews/{a.post(where, {'text': 'x', 'stars': 3}).json['id']}"
        for answer in (b.patch(review, {"text": "mine"}), b.delete(review), a.patch("/v1/reviews/999999", {}), a.delete("/v1/reviews/x")):
            self.assertEqual(problem(answer)[:2], (404, "not_found"))
        self.assertEqual(a.patch(review, {"text": "y", "stars": 4}).json["text"], "y")
        self.assertEqual(self.summary(item), {"average": 4, "count": 1})
        self.assertEqual(self.events(item, 6, 7), [(6, 4.0), (7, 4.0)])
        a.put(f"/v1/products{path_of(item)}/rating", {"stars": 2})
        self.assertEqual(self.server.get(where).json["items"][0]["stars"], 2)
        self.assertEqual(a.delete(review).status, 204)
        self.assertEqual(self.server.get(where).json["items"], [])
        self.assertEqual(self.events(item, 6, 7), [(6, 2.0)])
        for body, pointer in (({}, "/text"), ({"text": ""}, "/text"), ({"text": "x" * 10001}, "/text"), ({"text": "x", "title": "x" * 201}, "/title"),
                              ({"text": "x", "stars": 0}, "/stars"), ({"text": "x", "verified": True}, "/verified"), ({"text": 1}, "/text")):
            self.assertEqual(problem(a.post(where, body)), (422, "validation_failed", pointer))

    def test_whoever_has_bought_is_verified_and_one_key_makes_one_review(self):
        a, item = self.person(), self.product()
        a.put_in(item, 1)
        order = a.post("/v1/orders", {}).json["id"]
        self.server.ask("PATCH", f"/v1/admin/orders/{order}", {"state": "paid"})
        where = f"/v1/products{path_of(item)}/reviews"
        first = a.post(where, {"text": "bought"}, Idempotency_Key="r")
        again = a.post(where, {"text": "bought"}, Idempotency_Key="r")
        self.assertEqual((first.status, first.json["verified"], again.json), (201, True, first.json))
        self.assertEqual(again.headers["idempotent-replayed"], "true")

    def test_erasing_keeps_reviews_without_a_name(self):
        a, item = self.person(), self.product()
        where = f"/v1/products{path_of(item)}/reviews"
        a.post(where, {"text": "stays", "stars": 5})
        a.put(f"/v1/wishlist/items{path_of(item)}")
        a.put_in(item, 1)
        held = a.get("/v1/account/export").json
        self.assertEqual([held[k][0]["item"] for k in ("reviews", "ratings", "wishes", "cart")], [item] * 4)
        self.assertEqual(a.ask("DELETE", "/v1/account", {"password": "correct horse battery"}).status, 204)
        kept = self.server.get(where).json
        self.assertEqual([(r["text"], r["author"]) for r in kept["items"]], [("stays", None)])
        self.assertEqual(kept["ratings"]["count"], 1)
        self.assertEqual(self.events(item, 2, 6, 7, 8), [])


class Moderation(unittest.TestCase):
    def test_reviews_wait_until_they_are_published_and_half_stars_are_a_setting(self):
        with shop.serving("--moderate-reviews", "--half-stars") as server:
            a, b = Visitor(server).register("a"), Visitor(server).register("b")
            item = a.recommended(1)[0]
            where = f"/v1/products{path_of(item)}/reviews"
            made = a.post(where, {"text": "first", "stars": 3.5}).json
            self.assertEqual((made["state"], made["stars"]), ("pending", 3.5))
            self.assertEqual(server.get(where).json["items"], [])
            self.assertEqual(b.post(f"/v1/reviews/{made['id']}/votes", {"helpful": True}).status, 404)
            self.assertEqual([r["id"] for r in server.get("/v1/admin/reviews").json["items"]], [made["id"]])
            admin = f"/v1/admin/reviews/{made['id']}"
            self.assertEqual(server.ask("PATCH", admin, {"state": "published"}).json["state"], "published")
            self.assertEqual(len(server.get(where).json["items"]), 1)
            self.assertEqual(a.patch(f"/v1/reviews/{made['id']}", {"text": "changed"}).json["state"], "pending")
            self.assertEqual(server.ask("PATCH", admin, {"state": "rejected"}).json["state"], "rejected")
            self.assertEqual(a.patch(f"/v1/reviews/{made['id']}", {"stars": None}).json["stars"], None)
            self.assertEqual(len(server.get("/v1/admin/reviews", state="rejected").json["items"]), 1)
            self.assertEqual(server.ask("PATCH", admin, {"state": "lost"}).status, 422)
            self.assertEqual(server.ask("PATCH", "/v1/admin/reviews/99", {"state": "published"}).status, 404)


del Feedback

if __name__ == "__main__":
    unittest.main()
