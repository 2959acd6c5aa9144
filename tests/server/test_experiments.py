"""Experiments: who is in which variant, what the variant is answered with, what is counted."""
import collections
import time
import unittest

import shop

PATH = "/v1/admin/experiments"
PERSONAL = {"name": "personal", "share": 0.8, "variants": [{"name": "as ever"}, {"name": "popular", "strategy": "popular", "weight": 2}]}


class Experiments(unittest.TestCase):
    def setUp(self):
        self.scope = shop.serving()
        self.server = self.scope.__enter__()
        self.addCleanup(self.scope.__exit__, None, None, None)

    def put(self, *experiments, status=200):
        answer = self.server.ask("PUT", PATH, {"experiments": list(experiments)})
        self.assertEqual(answer.status, status, answer.body)
        return answer.json

    def answer(self, session):
        got = self.server.post("/v1/recommendations", {"session": session, "limit": 5})
        self.assertEqual(got.status, 200, got.body)
        return got.json

    def variants(self, n=200):
        return {f"s{i}": self.answer(f"s{i}").get("experiment", {}).get("variant") for i in range(n)}

    def test_people_stay_in_their_variant_over_restarts_and_answers_say_which(self):
        self.assertNotIn("experiment", self.answer("s0"))
        self.put(PERSONAL)
        before = self.variants()
        counts = collections.Counter(before.values())
        # 0.2, 0.8 / 3 and 1.6 / 3 of 200, each within four deviations
        for name, share in ((None, 0.2), ("as ever", 0.8 / 3), ("popular", 1.6 / 3)):
            self.assertLess(abs(counts[name] - 200 * share), 4 * (200 * share * (1 - share)) ** 0.5, counts)
        self.assertNotIn("experiment", self.server.post("/v1/recommendations", {}).json)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.variants(), before)
        self.put({**PERSONAL, "salt": "again"})
        self.assertNotEqual(self.variants(), before)
        self.put()
        self.assertEqual(set(self.variants(50).values()), {None})

    def test_a_variant_changes_what_is_looked_at(self):
        item = self.answer("x")["items"][0]["id"]
        self.put({"name": "e", "variants": [{"name": "a"}, {"name": "b", "strategy": "popular"}]})
        seen = {}
        for i in range(30):
            self.server.post("/v1/events", [{"type": "purchase", "session": f"s{i}", "item": item}])
            got = self.answer(f"s{i}")
            seen[got["experiment"]["variant"]] = got["strategy"]
            self.assertNotIn(item, [p["id"] for p in got["items"]])  # is left out all the same
        self.assertEqual(seen, {"a": "hybrid", "b": "popular"})

    def test_a_variant_may_have_another_model_which_outlives_trainings_and_restarts(self):
        self.put({"name": "e", "variants": [{"name": "old", "model": 1}, {"name": "new"}]})
        done = self.server.await_job(self.server.post("/v1/admin/trainings", {"factors": 8, "iterations": 3}).json["id"])
        self.assertEqual(done["state"], "succeeded", done)
        got = {(a["experiment"]["variant"], a["model_version"]) for a in (self.answer(f"s{i}") for i in range(30))}
        self.assertEqual(got, {("old", 1), ("new", 2)})
        self.server.stop()
        self.server.start()
        got = {(a["experiment"]["variant"], a["model_version"]) for a in (self.answer(f"s{i}") for i in range(30))}
        self.assertEqual(got, {("old", 1), ("new", 2)})
        problem = self.put({"name": "e", "variants": [{"name": "old", "model": 7}, {"name": "new"}]}, status=422)
        self.assertEqual(problem["errors"][0]["pointer"], "/experiments/0/variants/0/model")
        self.assertEqual(len(self.server.get(PATH).json["experiments"]), 1)  # as it was

    def test_people_are_counted_once_a_variant_and_compared(self):
        self.put({"name": "e", "variants": [{"name": "a"}, {"name": "b"}]})
        people, clicked, events = collections.Counter(), collections.Counter(), []
        for i in range(120):
            a = self.answer(f"s{i}")
            variant = a["experiment"]["variant"]
            told = {"session": f"s{i}", "recommendation_id": a["recommendation_id"]}
            events += [{"type": "impression", "item": p["id"], **told} for p in a["items"]]
            people[variant] += 1
            if variant == "b":  # everyone of b clicks, twice, and nobody of a
                events += [{"type": "click", "item": p["id"], **told} for p in a["items"][:2]]
                clicked[variant] += 1
        for at in range(0, len(events), 500):
            self.assertEqual(self.server.post("/v1/events", events[at:at + 500]).status, 200)
        end = time.monotonic() + 20
        while True:
            a, b = (v["results"] for v in self.server.get(PATH).json["experiments"][0]["variants"])
            if a["people"] + b["people"] == 120 and b["clicked"] == clicked["b"]:
                break
            self.assertLess(time.monotonic(), end, (a, b))
            time.sleep(0.1)
        self.assertEqual((a["people"], a["clicked"]), (people["a"], 0))
        self.assertEqual(b["people"], people["b"])
        self.assertLess(b["click_p"], 1e-6)
        self.assertEqual(b["purchase_p"], 1)
        self.assertNotIn("click_p", a)
        self.assertGreater(b["click_rate"]["low"], a["click_rate"]["high"])
        by = {(i["experiment"], i["variant"]): i["clicks"] for i in self.server.get("/v1/admin/outcomes", group="variant").json["items"]}
        self.assertEqual(by, {("e", "a"): 0, ("e", "b"): 2 * clicked["b"]})
        kept = self.put(*self.server.get(PATH).json["experiments"])  # put back as it was: results go on
        self.assertEqual(kept["experiments"][0]["variants"][1]["results"]["clicked"], clicked["b"])
        anew = self.put({"name": "e", "salt": "anew", "variants": [{"name": "a"}, {"name": "b"}]})
        self.assertEqual(anew["experiments"][0]["variants"][1]["results"]["people"], 0)

    def test_wrong_experiments_are_pointed_at(self):
        two = [{"name": "a"}, {"name": "b"}]
        for wrong, pointer in (({"variants": two}, "/experiments/0/name"), ({"name": "x", "variants": two, "share": 2}, "/experiments/0/share"),
                               ({"name": "x", "variants": two[:1]}, "/experiments/0/variants"),
                               ({"name": "x", "variants": [two[0], two[0]]}, "/experiments/0/variants/1/name"),
                               ({"name": "x", "variants": [two[0], {"name": "b", "weight": 0}]}, "/experiments/0/variants/1/weight"),
                               ({"name": "x", "variants": [two[0], {"name": "b", "strategy": "best"}]}, "/experiments/0/variants/1/strategy"),
                               ({"name": "x" * 41, "variants": two}, "/experiments/0/name"), ({"name": "x", "variants": two, "y": 1}, "/experiments/0/y")):
            problem = self.put(wrong, status=422)
            self.assertEqual(problem["errors"][0]["pointer"], pointer, problem)
        self.assertEqual(self.put({"name": "x", "variants": two}, {"name": "x", "variants": two}, status=422)["errors"][0]["pointer"],
                         "/experiments/1/name")


if __name__ == "__main__":
    unittest.main()
