"""The way of an ML engineer on the sample shop: import, train, evaluate, recommend, inspect, export; and Ctrl-C."""
import csv
import json
import re
import signal
import subprocess
import time
import unittest

from program import AISLE, SAMPLE, folder, import_sample, run, tree


def rows(name):
    with open(SAMPLE / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Journey(unittest.TestCase):
    def ok(self, *args):
        got = run(*args)
        self.assertEqual(got.returncode, 0, got.stderr)
        return got.stdout

    def test_from_files_to_recommendations(self):
        with folder() as f:
            data = f / "data"
            self.assertEqual(import_sample(data).returncode, 0)
            self.ok("train", "--data", data, "--factors", "8", "--iterations", "5", "--seed", "3")
            user = rows("events")[0]["user"]
            titles = {p["id"]: p["title"] for p in rows("products")}
            answer = json.loads(self.ok("recommend", "--data", data, "--user", user, "-n", "5", "--json"))
            items = answer["items"]
            self.assertEqual(len(items), 5)
            self.assertEqual(answer["strategy"], "hybrid")
            for item in items:
                self.assertEqual(item["title"], titles[item["id"]])
            self.assertEqual(sorted((-i["score"] for i in items)), [-i["score"] for i in items])
            table = self.ok("recommend", "--data", data, "--user", user, "-n", "5")
            for item in items:
                self.assertIn(item["title"][:20], table)
            similar = json.loads(self.ok("similar", "--data", data, "--item", items[0]["id"], "-n", "3", "--json"))
            self.assertNotIn(items[0]["id"], [i["id"] for i in similar["items"]])
            (model,) = (data / "models").glob("*.aisle")
            told = self.ok("inspect", model)
            for section in ("item-factors", "text-df", "text-settings", "text-weights"):
                self.assertIn(section, told)
            (f / "npy").mkdir()
            self.ok("export", model, "--npy", f / "npy")
            head = (f / "npy" / "item-factors.npy").read_bytes()[:128]
            self.assertTrue(head.startswith(b"\x93NUMPY\x01\x00") and b"'<f4'" in head)
            terms = (f / "npy" / "text-vocabulary.csv").read_text().splitlines()
            self.assertEqual(len(terms), json.loads((f / "npy" / "text-df.npy").read_bytes()[10:128].split(b"(")[1].split(b",")[0]))
            self.assertTrue(any(t.startswith("category:") for t in terms), terms[:20])
            self.assertEqual(json.loads((f / "npy" / "text-settings.json").read_text())["scheme"], "tfidf")

    def test_factors_are_kept_as_asked_and_codes_change_no_answer(self):
        with folder() as f:
            data, plain, coded, small = f / "data", f / "plain.aisle", f / "coded.aisle", f / "small.aisle"
            self.assertEqual(import_sample(data).returncode, 0)
            train = ["train", "--data", data, "--model", "als", "--factors", "16", "--iterations", "3", "--created", "2026-01-01"]
            self.ok(*train, "--quantize", "f32", "--out", plain)
            self.assertIn("compact table", self.ok(*train, "--quantize", "int8", "--out", coded))
            self.assertIn("compact table of", self.ok("inspect", coded))
            told = json.loads(self.ok("inspect", coded, "--json"))
            self.assertTrue(told["meta"]["quantize"]["table"] and 0 < told["compact"]["error"] < told["compact"]["length"])
            self.assertNotIn("compact", json.loads(self.ok("inspect", plain, "--json")))
            for user in list(dict.fromkeys(e["user"] for e in rows("events")))[:20]:
                answers = [self.ok("recommend", "--model", m, "--user", user, "-n", "20", "--json") for m in (plain, coded)]
                self.assertEqual(*answers)
            self.ok("export", plain, "--model", small, "--quantize", "f16")
            told = json.loads(self.ok("inspect", small, "--json"))
            kinds = {s["name"]: (s["type"], s["bytes"]) for s in told["sections"]}
            full = {s["name"]: s["bytes"] for s in json.loads(self.ok("inspect", plain, "--json"))["sections"]}
            self.assertEqual(kinds["user-factors"], ("f16", full["user-factors"] / 2))
            self.assertGreater(told["meta"]["quantize"]["recall@20"], 0.99)
            again = f / "again.aisle"
            self.ok("export", coded, "--model", again, "--quantize", "f32")
            without = json.loads(self.ok("inspect", again, "--json"))
            self.assertEqual({s["name"]: s["bytes"] for s in without["sections"] if s["name"] != "meta"},
                             {n: b for n, b in full.items() if n != "meta"})
            self.assertNotIn("quantize", without["meta"])

    def test_events_that_were_trained_change_nothing_whatever_their_weights(self):
        # the exact solution of a user's system over what was trained is the trained row itself, if every event weighs
        # as it did in training; both are f32 solutions of one small, well-conditioned system
        with folder() as f:
            data, model = f / "data", f / "m.aisle"
            self.assertEqual(import_sample(data).returncode, 0)
            self.ok("train", "--data", data, "--binary", "--solver", "cholesky", "--factors", "8", "--iterations", "3", "--out", model)
            user = rows("events")[0]["user"]
            solved, trained = ({i["id"]: i["score"] for i in json.loads(self.ok("recommend", *where, "--model", model, "--user", user,
                                                                               "-n", "20", "--json"))["items"]}
                               for where in (("--data", data), ()))
            common = solved.keys() & trained.keys()
            self.assertGreater(len(common), 10)
            for item in common:
                self.assertAlmostEqual(solved[item], trained[item], delta=1e-4)

    def test_training_says_what_it_takes_before_it_starts(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            args = ["train", "--data", f / "data", "--factors", "64", "--iterations", "1", "--out", f / "m.aisle"]
            (start,) = [line for line in map(json.loads, self.ok(*args, "--json").splitlines()) if line["event"] == "start"]
            self.assertGreater(start["bytes"], 4 * 64 * (start["users"] + start["items"]) + 16 * start["pairs"])
            self.assertGreater(start["free_bytes"], start["bytes"])
            said = run(*args).stderr
            self.assertRegex(said, r"training takes about [0-9.]+ [MG]iB; [0-9.]+ [MG]iB are free")
            self.assertNotIn("warning", said)

    def test_the_same_seed_gives_the_same_model_for_any_number_of_threads(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            models = []
            for threads in (1, 2, 3):
                out = f / f"m{threads}.aisle"
                self.ok("train", "--data", f / "data", "--factors", "16", "--iterations", "3", "--threads", threads, "--out", out,
                        "--created", "2026-01-01T00:00:00Z")
                models.append(out.read_bytes())
            self.assertTrue(models[0] == models[1] == models[2], "models differ with the number of threads")

    def test_evaluation_beats_popularity_on_the_sample(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            report = json.loads(self.ok("evaluate", "--data", f / "data", "--split", "random", "--factors", "16", "--json").splitlines()[-1])
            at = {name: next(a for a in m["at"] if a["k"] == 10) for name, m in report["models"].items()}
            self.assertGreater(at["als"]["ndcg"]["mean"], at["popular"]["ndcg"]["mean"])

    def test_evaluation_compares_the_models_in_one_narrow_table(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            for more in ([], ["--bootstrap", "20"]):
                out = self.ok("evaluate", "--data", f / "data", "--factors", "8", "--at", "5,10", "--seed", "3", *more)
                self.assertRegex(out, r"\Asplit random, 20 % held out: \d+ users evaluated on 120 items, seed 3, [\d.]+ s\n")
                self.assertRegex(out, r"\nmetric +als +item-knn +content +popular\n")
                self.assertRegex(out, r"\nndcg@10( +0\.\d{4}\*?){4}\n")
                self.assertEqual(bool(more), bool(re.search(r"\n( +0\.\d{4}\.\.[01]\.\d{4}){4}\n", out)))
                self.assertLessEqual(max(map(len, out.splitlines())), 100)

    def test_held_out_pairs_of_a_file_without_types(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            known = {(e["user"], e["item"]) for e in rows("events")}
            users, items = ({e[of] for e in rows("events") if e["user"] and e["type"] == "purchase"} for of in ("user", "item"))
            pairs = sorted((u, i) for u in users for i in items if (u, i) not in known)
            (f / "test.csv").write_text("who,what\n" + "".join(f"{u},{i}\n" for u, i in pairs))
            args = ["evaluate", "--data", f / "data", "--test", f / "test.csv", "--map", "user=who,item=what", "--factors", "4"]
            self.assertEqual(run(*args).returncode, 2)
            self.assertIn("users evaluated", self.ok(*args, "--event-type", "purchase"))

    def test_without_news_of_a_user_the_trained_factors_answer(self):
        """As the server does: an event that took part in training is not counted once more."""
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            self.ok("train", "--data", f / "data", "--factors", "8")
            user = next(e["user"] for e in rows("events") if e["type"] == "purchase" and e["user"])
            (model,) = (f / "data" / "models").glob("*.aisle")
            scores = []
            for args in (["--data", f / "data"], ["--model", model]):
                answer = json.loads(self.ok("recommend", *args, "--user", user, "-n", "120", "--json"))
                scores.append({i["id"]: i["score"] for i in answer["items"]})
            self.assertGreater(len(scores[0]), 10)
            self.assertEqual(scores[0], {i: scores[1][i] for i in scores[0]})

    def test_training_into_a_log_says_two_lines_and_an_interrupted_one_resumes(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            args = ["train", "--data", f / "data", "--factors", "64", "--iterations", "60", "--created", "2026-01-01T00:00:00Z"]
            whole = run(*args, "--out", f / "whole.aisle")
            self.assertEqual(whole.returncode, 0, whole.stderr)
            self.assertEqual(len((whole.stderr + whole.stdout).splitlines()), 2)
            args += ["--checkpoint", f / "ck", "--out", f / "resumed.aisle"]
            child = subprocess.Popen([AISLE, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while not (f / "ck").exists() and child.poll() is None:
                time.sleep(.01)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
            self.assertEqual(child.returncode, 130, err)
            self.assertIn("--resume", err)
            self.assertFalse((f / "resumed.aisle").exists())
            self.ok(*args, "--resume")
            self.assertEqual((f / "resumed.aisle").read_bytes(), (f / "whole.aisle").read_bytes())
            self.assertFalse((f / "ck").exists())

    def test_keys_are_shown_once_listed_by_name_and_removed(self):
        with folder() as f:
            added = json.loads(self.ok("key", "add", "laptop", "--data", f / "d", "--json"))
            self.assertTrue(added["key"].startswith("aisle_"))
            self.assertEqual([k["name"] for k in json.loads(self.ok("key", "list", "--data", f / "d", "--json"))["keys"]], ["laptop"])
            stored = b"".join(p.read_bytes() for p in (f / "d").rglob("*") if p.is_file())
            self.assertNotIn(added["key"].encode(), stored)
            self.ok("key", "remove", "laptop", "--data", f / "d")
            self.assertEqual(json.loads(self.ok("key", "list", "--data", f / "d", "--json"))["keys"], [])
            self.assertEqual(run("key", "remove", "laptop", "--data", f / "d").returncode, 1)

    def test_importing_twice_adds_nothing(self):
        with folder() as f:
            counts = []
            for _ in range(2):
                out = self.ok("import", "--data", f / "data", "--preset", "generated", "--json",
                              *(SAMPLE / f"{n}.csv" for n in ("products", "users", "events")))
                counts.append(json.loads(out.splitlines()[-1]))
            events = len(rows("events"))
            self.assertEqual(counts[0]["new_events"], events)
            self.assertEqual(counts[1]["new_events"], 0)

    def test_an_interrupted_training_leaves_no_litter(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            before = [name for name, _ in tree(f / "data")]
            child = subprocess.Popen([AISLE, "train", "--data", f / "data", "--factors", "256", "--iterations", "1000", "--solver", "cholesky"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(1)
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=30)
            self.assertEqual(child.returncode, 130, err)
            self.assertEqual([name for name, _ in tree(f / "data")], before)


if __name__ == "__main__":
    unittest.main()
