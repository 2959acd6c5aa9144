"""Experiments: who is in which variant, what the variant is answered with, what is counted."""
import collections
import json
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

    def put(self, *experiments, status=200, headers=None, **more):
        answer = self.server.ask("PUT", PATH, {"experiments": list(experiments), **more}, headers=headers)
        self.assertEqual(answer.status, status, answer.body)
        return answer.json

    def answer(self, session, **more):
        got = self.server.post("/v1/recommendations", {"session": session, "limit": 5, **more})
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
        self.server.stop()
        for file in (self.server.data / "models").glob("000001.*"):
            file.unlink()
        self.server.start()
        self.assertEqual({(v["variant"] if v else None, a["model_version"]) for a in (self.answer(f"s{i}") for i in range(30)) for v in [a.get("experiment")]},
                         {(None, 2), ("new", 2)})
        self.assertEqual([v.get("unavailable") for v in self.server.get(PATH).json["experiments"][0]["variants"]], ["model", None])

    def split(self, n=40, **more):
        """One answer of a session a variant, by the variant's name."""
        return {a["experiment"]["variant"]: a for a in (self.answer(f"s{i}", **more) for i in range(n)) if "experiment" in a}

    def put_scenarios(self, *scenarios):
        answer = self.server.ask("PUT", "/v1/admin/scenarios", {"scenarios": list(scenarios)})
        self.assertEqual(answer.status, 200, answer.body)

    def test_a_variant_may_have_another_scenario_and_another_diversity(self):
        self.put_scenarios({"name": "fresh", "steps": [{"source": "newest"}], "diversity": 0.5}, {"name": "plain", "steps": [{"source": "popular"}]})
        self.put({"name": "e", "variants": [{"name": "as ever"}, {"name": "fresh", "scenario": "fresh"}, {"name": "plain", "scenario": "plain", "diversity": 1},
                                            {"name": "both", "model": 1, "strategy": "popular", "scenario": "fresh", "diversity": 0}]})
        got = self.split(limit=12)
        self.assertEqual(set(got), {"as ever", "fresh", "plain", "both"})
        sources = {name: {i.get("source") for i in a["items"]} for name, a in got.items()}
        self.assertEqual(sources, {"as ever": {None}, "fresh": {"newest"}, "plain": {"popular"}, "both": {"newest"}})
        newest = lambda **more: [i["id"] for i in self.server.post("/v1/recommendations", {"scenario": "fresh", "limit": 12, **more}).json["items"]]
        ids = {name: [i["id"] for i in a["items"]] for name, a in got.items()}
        self.assertEqual(ids["fresh"], newest())  # with the scenario's own diversity
        self.assertNotEqual(ids["both"], ids["fresh"])  # 0 is none at all
        self.put_scenarios({"name": "fresh", "steps": [{"source": "newest"}]}, {"name": "plain", "steps": [{"source": "popular"}]})
        self.assertEqual(ids["both"], newest())
        self.assertEqual(ids["plain"], [i["id"] for i in self.server.post("/v1/recommendations", {"scenario": "plain", "diversity": 1, "limit": 12}).json["items"]])
        # the variant's scenario and diversity come instead of the question's
        asked = self.split(limit=12, scenario="plain", diversity=0.2)
        self.assertEqual({name: {i["source"] for i in a["items"]} for name, a in asked.items()},
                         {"as ever": {"popular"}, "fresh": {"newest"}, "plain": {"popular"}, "both": {"newest"}})
        by = {i["scenario"] for i in self.counted("scenario", asked.values())}
        self.assertEqual(by, {"fresh", "plain"})

    def counted(self, group, answers):
        """Outcomes once each of these answers has been opened."""
        events = [{"type": "click", "session": f"x{i}", "item": a["items"][0]["id"], "recommendation_id": a["recommendation_id"]} for i, a in enumerate(answers)]
        self.assertEqual(self.server.post("/v1/events", events).status, 200)
        end = time.monotonic() + 20
        while True:
            items = self.server.get("/v1/admin/outcomes", group=group).json["items"]
            if sum(i["clicks"] for i in items) >= len(events):
                return items
            self.assertLess(time.monotonic(), end, items)
            time.sleep(0.1)

    def test_what_a_scenario_leaves_out_goes_with_it(self):
        self.put_scenarios({"name": "b", "steps": [{"source": "viewed"}], "exclude_bought": True}, {"name": "a", "steps": [{"source": "viewed"}]})
        self.put({"name": "e", "variants": [{"name": "a", "scenario": "a"}, {"name": "b", "scenario": "b"}]})
        for asked in ("a", "b"):
            seen = {}
            for i in range(20):
                self.server.post("/v1/events", [{"type": "view", "session": f"s{i}", "item": p} for p in ("p5", "p9")])
                self.server.post("/v1/events", [{"type": "purchase", "session": f"s{i}", "item": "p5"}])
                got = self.answer(f"s{i}", scenario=asked)
                seen[got["experiment"]["variant"]] = {p["id"] for p in got["items"]}
            self.assertEqual(seen, {"a": {"p5", "p9"}, "b": {"p9"}}, asked)

    def test_a_variant_whose_scenario_is_gone_is_answered_as_without_and_not_counted(self):
        self.put_scenarios({"name": "fresh", "steps": [{"source": "newest"}]})
        experiment = {"name": "e", "variants": [{"name": "a"}, {"name": "b", "scenario": "fresh"}]}
        kept = self.put(experiment)["experiments"]
        self.assertEqual(set(self.split()), {"a", "b"})
        self.put_scenarios()
        self.assertEqual(set(self.split()), {"a"})
        gone = [a for a in (self.answer(f"s{i}") for i in range(20)) if "experiment" not in a]
        self.assertTrue(gone)
        self.assertTrue(all("source" not in i for a in gone for i in a["items"]))
        variants = self.server.get(PATH).json["experiments"][0]["variants"]
        self.assertEqual([v.get("unavailable") for v in variants], [None, "scenario"])
        problem = self.put(*kept, status=422)
        self.assertEqual((problem["errors"][0]["pointer"], problem["errors"][0]["code"]), ("/experiments/0/variants/1/scenario", "unknown"))
        self.put_scenarios({"name": "fresh", "steps": [{"source": "popular"}]})  # it is there again, as it is now
        self.assertEqual({i["source"] for i in self.split()["b"]["items"]}, {"popular"})
        self.put(*self.server.get(PATH).json["experiments"])

    def test_next_pages_stay_with_the_variant_of_the_first(self):
        self.put_scenarios({"name": "fresh", "steps": [{"source": "newest"}]})
        done = self.server.await_job(self.server.post("/v1/admin/trainings", {"factors": 8, "iterations": 3}).json["id"])
        self.assertEqual(done["state"], "succeeded", done)
        self.put({"name": "e", "variants": [{"name": "old", "model": 1, "strategy": "popular"}, {"name": "fresh", "scenario": "fresh"}]})
        firsts = self.split()
        self.put({"name": "other", "share": 0.5, "variants": [{"name": "a"}, {"name": "b", "strategy": "popular"}]})
        none = next(a for a in (self.answer(f"n{i}") for i in range(20)) if "experiment" not in a)
        self.put({"name": "another", "variants": [{"name": "a"}, {"name": "b", "strategy": "popular"}]})
        time.sleep(1.2)  # whatever looks at what is in use once a second has looked
        for name, answer in firsts.items():
            for page in range(3):
                second = self.answer("whoever", next=answer["next"])
                self.assertEqual(second["experiment"], {"name": "e", "variant": name})
                self.assertEqual((second["model_version"], {i.get("source") for i in second["items"]}), (1, {None}) if name == "old" else (2, {"newest"}))
                answer = second
        self.assertNotIn("experiment", self.answer("s0", next=none["next"]))  # who began in none goes on in none
        self.assertEqual(self.answer("s0")["experiment"]["name"], "another")
        by = {(i["experiment"], i["variant"]): i["clicks"] for i in self.counted("variant", [answer])}
        self.assertEqual(by, {("e", answer["experiment"]["variant"]): 1})

    def test_an_experiment_is_for_its_surfaces_and_scenarios_and_for_a_while(self):
        two = [{"name": "a"}, {"name": "b", "strategy": "popular"}]
        rank = lambda i: self.server.post("/v1/rank", {"session": f"s{i}", "items": ["p3", "p4", "p5"]}).json
        self.put({"name": "home", "scenarios": ["home"], "variants": two}, {"name": "rest", "share": 0.5, "surfaces": ["recommendations", "rank"], "variants": two})
        self.assertEqual({self.answer(f"s{i}", scenario="home")["experiment"]["name"] for i in range(20)}, {"home"})
        names = {self.answer(f"s{i}").get("experiment", {}).get("name") for i in range(40)}
        self.assertEqual(names, {"rest", None})
        for i in range(40):  # the same variant on all surfaces
            ranked = rank(i)
            self.assertEqual(ranked.get("experiment"), self.answer(f"s{i}").get("experiment"))
            self.server.post("/v1/events", [{"type": "view", "session": f"s{i}", "item": "p9"}])
            if "experiment" in ranked:
                self.assertEqual(rank(i)["strategy"], "popular" if ranked["experiment"]["variant"] == "b" else "hybrid")
        got = self.put({"name": "past", "until": "2020-01-01T00:00:00Z", "variants": two}, {"name": "coming", "from": "2999-01-01T00:00:00Z", "variants": two},
                       {"name": "now", "from": "2020-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z", "variants": two})["experiments"]
        self.assertEqual([e["state"] for e in got], ["ended", "planned", "running"])
        self.assertEqual({self.answer(f"s{i}")["experiment"]["name"] for i in range(20)}, {"now"})
        self.assertEqual([e["surfaces"] for e in self.put(*got)["experiments"]], [["recommendations"]] * 3)
        self.assertNotIn("experiment", rank(1))

    def test_related_and_trending_go_by_the_variant_and_are_each_persons_own_meanwhile(self):
        done = self.server.await_job(self.server.post("/v1/admin/trainings", {"factors": 8, "iterations": 3}).json["id"])
        self.assertEqual(done["state"], "succeeded", done)
        lists = (("/v1/products/p3/related", {}), ("/v1/trending", {}), ("/v1/trending", {"window": "30d"}))
        before = [self.server.get(path, limit=20, **query) for path, query in lists]
        self.assertTrue(all(a.headers["cache-control"].startswith("public") for a in before))
        self.assertEqual([self.server.get(path, limit=20, session="s1", **query).body for path, query in lists], [a.body for a in before])
        self.put({"name": "e", "share": 0.9, "surfaces": ["related", "trending", "recommendations"],
                  "variants": [{"name": "a"}, {"name": "old", "model": 1}, {"name": "mixed", "diversity": 1}]})
        seen = [{}, {}, {}]
        for i in range(60):
            mine = self.answer(f"s{i}").get("experiment")
            for n, (path, query) in enumerate(lists):
                got = self.server.get(path, limit=20, session=f"s{i}", **query)
                self.assertEqual(got.headers["cache-control"], "private, no-cache")
                self.assertEqual(got.json.get("experiment"), mine, path)
                seen[n].setdefault(mine and mine["variant"], set()).add(got.body)
        for n, bodies in enumerate(seen):
            self.assertEqual({name: len(b) for name, b in bodies.items()}, {None: 1, "a": 1, "old": 1, "mixed": 1})
            answers = {name: json.loads(next(iter(b))) for name, b in bodies.items()}
            self.assertEqual({name: a["model_version"] for name, a in answers.items()}, {None: 2, "a": 2, "old": 1, "mixed": 2})
            self.assertEqual(len({a["recommendation_id"] for a in answers.values()}), 4)
            ids = {name: [p["id"] for p in a["items"]] for name, a in answers.items()}
            self.assertEqual(ids[None], [p["id"] for p in before[n].json["items"]])
            self.assertEqual(ids["a"], ids[None])
            self.assertNotEqual(ids["mixed"], ids[None])
        self.assertNotIn("experiment", self.server.get("/v1/trending").json)  # nobody is in none
        unchanged = self.server.get("/v1/trending", session="s1", limit=20)
        again = self.server.ask("GET", "/v1/trending?session=s1&limit=20", headers={"If-None-Match": unchanged.headers["etag"]})
        self.assertEqual(again.status, 304)
        by = {(i["experiment"], i["variant"]) for i in self.counted("variant", [json.loads(next(iter(seen[0]["old"]))), json.loads(next(iter(seen[1]["mixed"])))])}
        self.assertEqual(by, {("e", "old"), ("e", "mixed")})
        self.put()
        self.assertEqual(self.server.get("/v1/products/p3/related", limit=20, session="s1").headers["cache-control"], before[0].headers["cache-control"])

    def test_guests_are_in_experiments_of_shared_lists_by_their_session(self):
        item = self.server.get("/v1/trending").json["items"][0]["id"]
        guest = self.server.ask("PUT", f"/v1/cart/items/{item}", {"quantity": 1}).headers["set-cookie"].split(";")[0].split("=", 1)[1]
        self.put({"name": "e", "surfaces": ["trending"], "variants": [{"name": "a"}, {"name": "b", "diversity": 0.5}]})
        names = {self.server.ask("GET", "/v1/trending", key=guest).json["experiment"]["variant"] for _ in range(5)}
        self.assertEqual(len(names), 1)
        secret = json.loads(shop.run("key", "add", "backend", "--scopes", "read", "--data", self.server.data, "--json"))["key"]
        self.server.await_closed()
        for path in ("/v1/trending", "/v1/products/p3/related"):  # naming others needs a key
            self.assertEqual(self.server.get(path, user="u7").status, 401)
            self.assertEqual(self.server.ask("GET", path + "?user=u7", key=secret).status, 200)
        self.assertIn("experiment", self.server.ask("GET", "/v1/trending?user=u7", key=secret).json)

    def test_a_change_is_for_a_version_and_none_is_lost(self):
        e = {"name": "e", "variants": [{"name": "a"}, {"name": "b"}]}
        before = self.server.get(PATH)
        first = before.json["version"]
        self.assertRegex(before.headers["etag"], f'^"{first}-[0-9a-f]+"$')
        now = self.put(e, headers={"If-Match": before.headers["etag"]})
        self.assertEqual(now["version"], first + 1)
        problem = self.put(headers={"If-Match": before.headers["etag"]}, status=409)
        self.assertEqual(problem["code"], "version_conflict")
        self.assertIn(str(first + 1), problem["detail"])
        self.assertEqual(self.put(version=first, status=409)["code"], "version_conflict")
        self.assertEqual([x["name"] for x in self.server.get(PATH).json["experiments"]], ["e"])
        self.assertEqual(self.put(e, {**e, "name": "f"}, version=now["version"])["version"], first + 2)
        self.put(e, headers={"If-Match": "*"})
        self.assertEqual(self.put(headers={"If-Match": '"x"'}, status=422)["errors"][0]["pointer"], "If-Match")
        self.server.stop()
        self.server.start()
        self.assertEqual(self.server.get(PATH).json["version"], first + 3)
        self.assertEqual(self.put(e, status=200)["version"], first + 4)  # whoever names none replaces any

    def test_people_are_counted_once_a_variant_and_compared(self):
        self.put({"name": "e", "variants": [{"name": "a"}, {"name": "b"}]})
        people, clicked, events, tag = collections.Counter(), collections.Counter(), [], self.server.get(PATH).headers["etag"]
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
        self.assertNotEqual(self.server.get(PATH).headers["etag"], tag)  # other results are another answer
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
                               ({"name": "x", "variants": [two[0], {"name": "b", "scenario": "nowhere"}]}, "/experiments/0/variants/1/scenario"),
                               ({"name": "x", "variants": [two[0], {"name": "b", "diversity": 1.5}]}, "/experiments/0/variants/1/diversity"),
                               ({"name": "x", "surfaces": ["rank"], "variants": [two[0], {"name": "b", "diversity": 1}]}, "/experiments/0/variants/1/diversity"),
                               ({"name": "x", "surfaces": ["related", "trending"], "variants": [two[0], {"name": "b", "strategy": "popular"}]}, "/experiments/0/variants/1/strategy"),
                               ({"name": "x", "surfaces": ["rank", "front"], "variants": two}, "/experiments/0/surfaces/1"),
                               ({"name": "x", "surfaces": [], "variants": two}, "/experiments/0/surfaces"),
                               ({"name": "x", "scenarios": ["nowhere"], "variants": two}, "/experiments/0/scenarios"),
                               ({"name": "x", "surfaces": ["rank"], "scenarios": ["home"], "variants": two}, "/experiments/0/scenarios"),
                               ({"name": "x", "from": "yesterday", "variants": two}, "/experiments/0/from"),
                               ({"name": "x", "from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z", "variants": two}, "/experiments/0/until"),
                               ({"name": "x" * 41, "variants": two}, "/experiments/0/name"), ({"name": "x", "variants": two, "y": 1}, "/experiments/0/y")):
            problem = self.put(wrong, status=422)
            self.assertEqual(problem["errors"][0]["pointer"], pointer, problem)
        self.assertEqual(self.put({"name": "x", "variants": two}, {"name": "x", "variants": two}, status=422)["errors"][0]["pointer"],
                         "/experiments/1/name")


if __name__ == "__main__":
    unittest.main()
