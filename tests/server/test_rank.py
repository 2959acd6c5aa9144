"""A given list in the order of somebody's taste, and people of like taste."""
import unittest

import shop


class Rank(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def rank(self, **body):
        answer = self.server.post("/v1/rank", body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def test_the_order_and_the_scores_are_those_of_recommendations(self):
        for who in ({"user": "u7"}, {"session": "s-rank"}, {}):
            want = self.server.post("/v1/recommendations", {"limit": 100, **who}).json
            ids = [i["id"] for i in want["items"]]
            got = self.rank(items=sorted(ids), **who)
            self.assertEqual([i["id"] for i in got["items"]], ids)
            for a, b in zip(got["items"], want["items"]):
                self.assertAlmostEqual(a["score"], b["score"], places=5)
            self.assertEqual(got["strategy"], want["strategy"])

    def test_nothing_is_left_out_and_what_nobody_knows_stands_last(self):
        bought = self.server.post("/v1/recommendations", {"user": "u7", "limit": 1}).json["items"][0]["id"]
        self.server.post("/v1/events", [{"type": "purchase", "user": "u7", "item": bought}])
        items = self.rank(user="u7", items=["nobody 2", bought, "p1", "nobody 1", "p2", bought, "nobody 2"])["items"]
        self.assertEqual({i["id"] for i in items[:3]}, {bought, "p1", "p2"})
        self.assertTrue(all(i["known"] and i["score"] is not None for i in items[:3]))
        self.assertEqual(items[3:], [{"id": i, "score": None, "known": False} for i in ("nobody 2", "nobody 1")])

    def test_a_thousand_are_ordered_and_the_context_counts(self):
        ids = [f"p{i}" for i in range(1, 201)] + [f"none {i}" for i in range(800)]
        plain = [i["id"] for i in self.rank(items=ids, session="nobody yet")["items"]]
        self.assertEqual(sorted(plain), sorted(ids))
        steered = [i["id"] for i in self.rank(items=ids, session="nobody yet", context=["p3"])["items"]]
        self.assertNotEqual(plain, steered)
        for body, pointer in (({"items": ids + ["x"]}, "/items"), ({"items": []}, "/items"), ({}, "/items"), ({"items": ids, "limit": 3}, "/limit")):
            answer = self.server.post("/v1/rank", body)
            self.assertEqual((answer.status, answer.json["errors"][0]["pointer"]), (422, pointer))

    def test_neighbours_are_symmetric_and_best_first(self):
        near = lambda user, limit=100: self.server.get(f"/v1/users/{user}/neighbours", limit=limit).json["items"]
        first = near("u7")
        scores = [i["score"] for i in first]
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertEqual(len(first), 100)
        self.assertNotIn("u7", [i["user"] for i in first])
        self.assertTrue(-1 <= scores[-1] <= scores[0] <= 1)
        for other in (first[0], first[3]):
            back = {i["user"]: i["score"] for i in near(other["user"])}
            if "u7" in back:
                self.assertAlmostEqual(back["u7"], other["score"], places=5)
        self.assertEqual(first[:5], near("u7", 5))
        self.assertEqual(self.server.get("/v1/users/none/neighbours").status, 404)


if __name__ == "__main__":
    unittest.main()
