"""`aisle tune`: what it writes is taken by train and evaluate; killed anywhere it goes on to the same; the test part is not looked at."""
import csv
import json
import re
import signal
import subprocess
import time
import unittest

from program import AISLE, SAMPLE, folder, import_sample, run

SEARCH = ("--trials", "19", "--range", "factors=4..48", "--range", "regularization", "--range", "exponent", "--iterations", "9")


def looks(path):
    """The lines of a state file without how long each took, in the order of the trials."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line.pop("seconds", None)
    return lines[:1] + sorted(lines[1:], key=lambda line: (line["trial"], line["rung"]))


class Tune(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = folder()
        cls.f = cls.room.__enter__()
        assert import_sample(cls.f / "data").returncode == 0

    @classmethod
    def tearDownClass(cls):
        cls.room.__exit__(None, None, None)

    def tune(self, *args, data=None):
        got = run("tune", "--data", data or self.f / "data", *args)
        self.assertEqual(got.returncode, 0, got.stderr)
        return got.stdout

    def test_the_best_settings_are_taken_by_train_and_evaluate(self):
        out = self.tune(*SEARCH, "--split", "time", "--out", self.f / "best.conf", "--json", "--weight", "view=.1")
        lines = [json.loads(line) for line in out.splitlines()]
        done, trials = lines[-1], [line for line in lines if line["event"] == "trial"]
        self.assertEqual((done["event"], done["complete"], len(done["looks"])), ("done", True, len(trials)))
        full = [t for t in trials if t["full"]]
        self.assertEqual(done["best"]["value"], max(t["value"] for t in full))
        self.assertLess(len(full), len(trials))
        text = (self.f / "best.conf").read_text()
        self.assertIn(f"factors = {done['best']['settings']['factors']}\n", text)
        self.assertIn("weight = view=.1\n", text)
        self.assertIn("iterations = 9\n", text)
        got = run("train", "--data", self.f / "data", "--config", self.f / "best.conf", "--out", self.f / "m.aisle", "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        start = next(json.loads(l) for l in got.stdout.splitlines() if '"start"' in l)
        self.assertEqual(start["factors"], done["best"]["settings"]["factors"])
        got = run("evaluate", "--data", self.f / "data", "--split", "time", "--models", "als", "--config", self.f / "best.conf", "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        used = json.loads(got.stdout.splitlines()[-1])["models"]["als"]["settings"]
        for name, value in done["best"]["settings"].items():
            self.assertAlmostEqual(used[name], value, places=6)

    def test_killed_in_the_middle_it_goes_on_to_the_same(self):
        whole, cut = self.f / "whole.jsonl", self.f / "cut.jsonl"
        args = ("--data", self.f / "data", *SEARCH, "--iterations", "60", "--seed", "3")
        self.tune(*args[2:], "--state", whole, "--out", self.f / "whole.conf")
        for jobs, end in (("1", signal.SIGKILL), ("2", signal.SIGKILL), ("2", signal.SIGINT)):
            cut.unlink(missing_ok=True)
            kills = 0
            for after in (3, 9):  # lines that stand there before it is ended
                child = subprocess.Popen([AISLE, "tune", *map(str, args), "--state", cut, "--jobs", jobs], stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True)
                while child.poll() is None and not (cut.exists() and cut.read_bytes().count(b"\n") > after):
                    time.sleep(.002)
                child.send_signal(end)
                _, err = child.communicate(timeout=60)
                kills += child.returncode != 0
                if end == signal.SIGINT and child.returncode:
                    self.assertEqual(child.returncode, 130)
                    self.assertIn("goes on from", err)
            self.assertGreater(kills, 0, "the search was over before it could be ended")
            self.assertGreater(len(looks(whole)), len(looks(cut)))
            self.tune(*args[2:], "--state", cut, "--jobs", jobs, "--out", self.f / "cut.conf")
            self.assertEqual((self.f / "cut.conf").read_bytes(), (self.f / "whole.conf").read_bytes())
            self.assertEqual(looks(cut), looks(whole))

    def test_another_search_is_not_gone_on_with(self):
        state = self.f / "other.jsonl"
        self.tune("--trials", "2", "--range", "factors=4..8", "--state", state)
        before = state.read_bytes()
        got = run("tune", "--data", self.f / "data", "--trials", "2", "--range", "factors=4..9", "--state", state)
        self.assertEqual(got.returncode, 1)
        self.assertIn("other.jsonl", got.stderr)
        self.assertEqual(state.read_bytes(), before)

    def test_held_out_events_change_neither_search_nor_model(self):
        """The newest fifth of the events is replaced by others: of other items and kinds, of the same people and times."""
        with open(SAMPLE / "events.csv", newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            fields, rows = reader.fieldnames, sorted(reader, key=lambda row: row["time"])
        items = sorted({row["item"] for row in rows})
        cut = rows[int(.8 * len(rows)) + 1]["time"]
        after = {row["time"] for row in rows if row["time"] > cut}
        results = []
        for name in ("given", "changed"):
            events = [dict(row) for row in rows]
            for number, row in enumerate(events):
                if name == "changed" and row["time"] in after:
                    row["item"] = items[(7 * number) % len(items)]
            path = self.f / f"{name}.csv"
            with open(path, "w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, fields)
                writer.writeheader()
                writer.writerows(events)
            got = run("import", "--data", self.f / name, "--preset", "generated", SAMPLE / "products.csv", SAMPLE / "users.csv", path)
            self.assertEqual(got.returncode, 0, got.stderr)
            self.tune(*SEARCH, "--split", "time", "--state", self.f / f"{name}.jsonl", "--out", self.f / f"{name}.conf", data=self.f / name)
            evaluated = run("evaluate", "--data", self.f / name, "--split", "time", "--models", "als", "--json")
            results.append((looks(self.f / f"{name}.jsonl"), (self.f / f"{name}.conf").read_bytes(),
                            json.loads(evaluated.stdout.splitlines()[-1])["models"]["als"]["at"]))
        self.assertEqual(results[0][:2], results[1][:2])
        self.assertNotEqual(results[0][2], results[1][2], "the test part has not changed at all")

    def test_every_usual_kind_has_ranges_of_its_own(self):
        for model in ("item-knn", "popular"):
            with self.subTest(model):
                out = self.tune("--model", model, "--trials", "4", "--out", self.f / "k.conf")
                self.assertRegex(out, rf"\A{model} on a random validation part: \d+ looks")
                self.assertIn(f"evaluate --config {self.f / 'k.conf'}", out)
                self.assertIn(f"{model}-", (self.f / "k.conf").read_text())

    def test_the_report_shows_the_metric_against_each_setting(self):
        self.tune(*SEARCH, "--range", "solver", "--report", self.f / "t.html")
        text = (self.f / "t.html").read_text()
        self.assertFalse(re.search(r"https?:|@import|url\(|<script", text))
        self.assertEqual(text.count("<svg"), 4)
        self.assertEqual(text.count("<svg"), text.count("</svg>"))
        self.assertIn("cholesky", text)

    def test_time_ends_it_with_what_it_has(self):
        out = self.tune("--trials", "100000", "--time", ".05", "--range", "factors=64..256", "--iterations", "50", "--json")
        self.assertFalse(json.loads(out.splitlines()[-1])["complete"])

    def test_wrong_use_is_told(self):
        for args, words in ((("--model", "oracle"), ("oracle", "item-knn")),
                            (("--range", "joy=1..2"), ("joy",)),
                            (("--range", "factors=9..1"), ("factors=9..1",)),
                            (("--range", "factors=1..2", "--range", "factors=1..3"), ("twice",)),
                            (("--metric", "joy"), ("joy", "ndcg")),
                            (("--split", "fold"), ("fold",)),
                            (("--trials", "0"), ("--trials 0",))):
            with self.subTest(args):
                got = run("tune", "--data", self.f / "data", *args)
                self.assertEqual((got.returncode, got.stdout), (2, ""), got.stderr)
                self.assertEqual(len(got.stderr.splitlines()), 1)
                for word in words:
                    self.assertIn(word, got.stderr)
        self.assertEqual(run("tune", "--data", self.f / "none").returncode, 1)


if __name__ == "__main__":
    unittest.main()
