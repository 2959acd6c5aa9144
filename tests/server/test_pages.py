"""The next page of recommendations repeats nothing; batches may repeat nothing over all their answers."""
import unittest

import shop


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving()
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def ask(self, **body):
        answer = self.server.post("/v1/recommendations", body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def ids(self, answer):
        return [i["id"] for i in answer["items"]]

    def test_pages_follow_the_order_of_one_long_list(self):
        whole = self.ids(self.ask(user="u7", limit=60))
        page, got = self.ask(user="u7", limit=20), []
        while True:
            got += self.ids(page)
            if len(got) == 60:
                break
            self.assertEqual(page["next"], page["recommendation_id"])
            page = self.ask(user="u7", limit=20, next=page["next"])
        self.assertEqual(got, whole)

    def test_nothing_comes_twice_to_the_end_though_the_user_acts_in_between(self):
        seen, page = [], self.ask(session="pager", limit=25)
        for turn in range(40):
            seen += self.ids(page)
            self.assertEqual(len(seen), len(set(seen)), turn)
            if page["next"] is None:
                break
            acted = [{"type": "purchase" if turn % 2 else "view", "session": "pager", "item": seen[-1 - turn % 5]}]
            self.assertEqual(self.server.post("/v1/events", acted).status, 200)
            page = self.ask(session="pager", limit=25, next=page["next"])
        self.assertIsNone(page["next"])
        self.assertGreater(len(seen), 100)

    def test_a_page_may_have_another_size_and_get_asks_as_post(self):
        first = self.server.get("/v1/recommendations", session="sizes", limit=5).json
        second = self.server.get("/v1/recommendations", session="sizes", limit=7, next=first["next"]).json
        self.assertEqual(self.ids(first) + self.ids(second), self.ids(self.ask(session="sizes", limit=12)))

    def test_a_page_of_nobody_is_told_from_one_that_is_gone(self):
        first = self.ask(limit=3)
        token = first["next"]
        for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x"):
            answer = self.server.post("/v1/recommendations", {"limit": 3, "next": wrong})
            self.assertEqual((answer.status, answer.json["code"]), (404, "not_found"), wrong)
        shared = self.server.get("/v1/trending").json["recommendation_id"]
        self.assertEqual(self.server.post("/v1/recommendations", {"next": shared}).status, 404)
        self.server.stop()
        self.server.start()
        answer = self.server.post("/v1/recommendations", {"limit": 3, "next": token})
        self.assertEqual((answer.status, answer.json["code"]), (410, "gone"))
        self.assertIn("first page", answer.json["detail"])

    def test_a_distinct_batch_has_no_item_twice(self):
        asks = [{"user": "u7", "limit": 12}, {"user": "u7", "limit": 8}, {"limit": 30}]
        batch = lambda **more: self.server.post("/v1/recommendations", {"requests": asks, **more}).json["results"]
        got = [self.ids(r) for r in batch(distinct=True)]
        self.assertEqual([len(g) for g in got], [12, 8, 30])
        self.assertEqual(len(set(sum(got, []))), 50)
        self.assertEqual(got[0] + got[1], self.ids(self.ask(user="u7", limit=20)))
        plain = [self.ids(r) for r in batch()]
        self.assertEqual(plain[0][:8], plain[1])
        wrong = self.server.post("/v1/recommendations", {"requests": asks, "distinct": 1})
        self.assertEqual((wrong.status, wrong.json["errors"][0]["pointer"]), (422, "/distinct"))


if __name__ == "__main__":
    unittest.main()
