"""A candidate that is watched beside the serving model."""
import threading
import time
import unittest

import shop


class Shadow(unittest.TestCase):
    def setUp(self):
        self.scope = shop.serving()
        self.server = self.scope.__enter__()
        self.addCleanup(self.scope.__exit__, None, None, None)

    def shadow(self, version, share=None, status=200):
        path = f"/v1/admin/models/{version}/shadow"
        got = self.server.get(path) if share is None else self.server.post(path, {"share": share})
        self.assertEqual(got.status, status, got.body)
        return got.json

    def ask(self, n, **body):
        for i in range(n):
            answer = self.server.post("/v1/recommendations", {"session": f"s{i}", "limit": 10, **body})
            self.assertEqual(answer.status, 200, answer.body)

    def await_seen(self, version, n):
        end = time.monotonic() + 20
        while True:
            got = self.shadow(version)
            if got["answered"] + got["dropped"] == n:
                return got
            self.assertLess(time.monotonic(), end, got)
            time.sleep(0.05)

    def await_some(self, version):
        end = time.monotonic() + 20
        while not (got := self.shadow(version))["answered"]:
            self.assertLess(time.monotonic(), end, got)
            time.sleep(0.05)
        return got

    def test_the_same_model_agrees_with_itself_and_another_one_less(self):
        item = self.server.get("/v1/trending?limit=1").json["items"][0]["id"]
        self.shadow(1, 1)
        self.ask(10, items=[item])
        same = self.await_seen(1, 10)
        self.assertEqual((same["overlap"], same["rank_correlation"], same["failed"]), (1, 1, 0))
        self.assertEqual((same["served_items"], same["shadow_items"]), (10, 10))
        self.assertGreater(same["mean_ms"], 0)
        self.assertGreaterEqual(same["most_ms"], same["mean_ms"])
        shop.run("train", "--data", self.server.data, "--no-activate", "--model", "als", "--factors", 2, "--iterations", 1)
        self.shadow(2, 1)
        self.ask(10, items=[item])
        other = self.await_seen(2, 10)
        self.assertLess(other["overlap"], 1)
        self.assertEqual(self.server.get("/v1/recommendations").json["model_version"], 1)

    def test_a_candidate_is_there_before_it_is_watched(self):
        """Of the questions that come meanwhile none finds it missing; two take turns, so that it is put there each time."""
        for _ in range(2):
            shop.run("train", "--data", self.server.data, "--no-activate", "--model", "als", "--factors", 2, "--iterations", 1)
        over = threading.Event()

        def go_on():
            while not over.is_set():
                self.server.post("/v1/recommendations", {"session": "s", "limit": 10})

        asking = [threading.Thread(target=go_on) for _ in range(3)]
        for t in asking:
            t.start()
        try:
            for version in [2, 3] * 4:
                self.shadow(version, 1)
                end = time.monotonic() + 20
                while (got := self.shadow(version))["answered"] + got["failed"] == 0:
                    self.assertLess(time.monotonic(), end, got)
                self.assertEqual(got["failed"], 0)
        finally:
            over.set()
            for t in asking:
                t.join()

    def test_a_share_is_asked_and_nothing_after_the_end(self):
        self.shadow(1, status=404)
        self.shadow(7, 0.5, status=404)
        self.shadow(1, 0, status=404)
        self.shadow(1, 0.3)
        self.ask(200)
        time.sleep(1)
        got = self.shadow(1)
        seen = got["answered"] + got["dropped"]
        self.assertLess(abs(seen - 60), 4 * (200 * 0.3 * 0.7) ** 0.5)
        self.shadow(1, 0)
        self.ask(50)
        self.ask(5, filter={"price_min": 1})
        time.sleep(0.5)
        got = self.shadow(1)
        self.assertEqual((got["answered"] + got["dropped"], got["share"]), (seen, 0))


    def test_a_killed_server_goes_on_with_it_as_long_as_the_model_is_there(self):
        shop.run("train", "--data", self.server.data, "--no-activate", "--model", "als", "--factors", 2, "--iterations", 1)
        self.shadow(2, 0.25)
        began = self.shadow(2, 0.5)["since"]
        self.ask(10)
        self.server.kill()
        self.server.start()
        again = self.shadow(2)
        self.assertEqual((again["share"], again["answered"] + again["dropped"]), (0.5, 0))
        self.assertGreater(again["since"], began)
        self.ask(60)
        self.assertGreater(self.await_some(2)["answered"], 0)
        self.assertEqual(self.server.get("/v1/recommendations").json["model_version"], 1)
        self.shadow(2, 0)
        self.server.kill()
        self.server.start()
        self.shadow(2, status=404)

    def test_a_candidate_that_no_longer_opens_can_be_ended(self):
        shop.run("train", "--data", self.server.data, "--no-activate", "--model", "als", "--factors", 2, "--iterations", 1)
        self.shadow(2, 1)
        self.server.kill()
        models = self.server.data / "models"
        (models / "000002.aisle").write_text("not a model")
        self.server.start()
        self.assertIn("shadow scoring of model version 2 is not resumed: ", (self.server.data.parent / "server.log").read_text())
        self.shadow(2, status=404)
        self.shadow(1, 0, status=404)
        self.assertEqual((models / "watched").read_text(), "2 1\n")
        self.assertEqual(self.shadow(2, 0)["share"], 0)
        self.assertEqual((models / "watched").read_text(), "0 0\n")
        self.shadow(2, 0, status=404)

    def test_a_candidate_that_is_gone_is_forgotten_and_no_other_takes_its_place(self):
        other = ("train", "--data", self.server.data, "--no-activate", "--model", "als", "--factors", 2, "--iterations", 1)
        shop.run(*other)
        self.shadow(2, 1)
        self.server.kill()
        (self.server.data / "models/000002.aisle").unlink()
        self.server.start()
        self.shadow(2, status=404)
        shop.run(*other)
        self.server.stop()
        self.server.start()
        self.shadow(2, status=404)
        self.shadow(2, 1)
        self.server.stop()
        (self.server.data / "models/watched").write_text("nothing of ours\n")
        self.server.start()
        self.shadow(2, status=404)
        self.assertEqual(self.server.get("/v1/recommendations").status, 200)


if __name__ == "__main__":
    unittest.main()
