"""`aisle evaluate` over the kinds of model: splits, comparisons, a configuration file, and the page of the report."""
import html.parser
import json
import re
import unittest

from program import folder, import_sample, run

FAST = ("--factors", "8", "--iterations", "3")


class Page(html.parser.HTMLParser):
    """Counts elements, and finds those that are not closed and whatever would be fetched."""
    VOID = {"meta", "path", "rect", "circle", "br"}

    def __init__(self, text):
        super().__init__()
        self.open, self.counts, self.fetched, self.text = [], {}, [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.fetched += [v for k, v in attrs if k in ("src", "href", "xlink:href", "data") and v]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


class Evaluate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = folder()
        cls.f = cls.room.__enter__()
        assert import_sample(cls.f / "data").returncode == 0

    @classmethod
    def tearDownClass(cls):
        cls.room.__exit__(None, None, None)

    def evaluate(self, *args):
        got = run("evaluate", "--data", self.f / "data", *FAST, *args, "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        return json.loads(got.stdout.splitlines()[-1])

    def ndcg(self, report, model, k=10):
        return next(a["ndcg"]["mean"] for a in report["models"][model]["at"] if a["k"] == k)

    def test_every_split_measures_somebody(self):
        for split in ("random", "leave-last", "time", "days", "cold-item", "cold-user", "fold"):
            with self.subTest(split):
                report = self.evaluate("--split", split, "--models", "als,popular", "--folds", "2")
                self.assertEqual((report["split"], list(report["models"])), (split, ["als", "popular"]))
                self.assertGreater(report["models"]["als"]["users"], 10)
                self.assertGreater(report["data"]["test_pairs"], 10)

    def test_over_all_folds_every_pair_is_held_out_once(self):
        report = self.evaluate("--split", "fold", "--folds", "3", "--models", "popular")
        self.assertEqual(report["data"]["train_pairs"], 2 * report["data"]["test_pairs"])
        whole = run("train", "--data", self.f / "data", *FAST, "--json", "--out", self.f / "m.aisle")
        pairs = next(json.loads(l)["pairs"] for l in whole.stdout.splitlines() if '"start"' in l)
        self.assertEqual(report["data"]["test_pairs"], pairs)

    def test_cold_items_alone_are_candidates_when_asked_for(self):
        wide, cold = (self.evaluate("--split", "cold-item", "--models", "popular", "--at", "20", *more)["models"]["popular"]["at"][0]
                      for more in ((), ("--candidates", "cold")))
        self.assertEqual(wide["recall"]["mean"], 0)  # what nobody has taken is popular with nobody
        self.assertGreater(cold["recall"]["mean"], 0)  # most of two dozen items, by id

    def test_a_comparison_is_against_the_first_and_of_one_metric(self):
        report = self.evaluate("--compare", "popular,als", "--metric", "recall@10", "--models", "als,item-knn,popular")
        compare = report["compare"]
        self.assertEqual((compare["against"], compare["metric"], compare["k"]), ("popular", "recall", 10))
        self.assertEqual(list(report["models"]), ["popular", "als", "item-knn"])
        als = compare["models"]["als"]
        means = {m: next(a["recall"]["mean"] for a in report["models"][m]["at"] if a["k"] == 10) for m in report["models"]}
        self.assertAlmostEqual(als["difference"]["mean"], means["als"] - means["popular"], places=6)
        self.assertLessEqual(als["p_wilcoxon"], als["p_wilcoxon_holm"])
        table = run("evaluate", "--data", self.f / "data", *FAST, "--compare", "popular,als,item-knn")
        self.assertRegex(table.stdout, r"ndcg@20 against popular, .* 2 comparisons")

    def test_a_finished_model_is_measured_by_its_parts(self):
        got = run("train", "--data", self.f / "data", *FAST, "--out", self.f / "whole.aisle")
        self.assertEqual(got.returncode, 0, got.stderr)
        (self.f / "test.csv").write_text("user,item\n" + "".join(f"u{u},p{1 + (7 * u + i) % 120}\n" for u in range(1, 60) for i in range(3)))
        args = ("--model", self.f / "whole.aisle", "--test", self.f / "test.csv", "--map", "user=user,item=item", "--event-type", "purchase",
                "--json")
        got = run("evaluate", *args)
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(list(json.loads(got.stdout.splitlines()[-1])["models"]), ["als", "item-knn", "content", "popular"])
        got = run("evaluate", *args, "--compare", "popular,content")
        self.assertEqual(got.returncode, 0, got.stderr)
        self.assertEqual(list(json.loads(got.stdout.splitlines()[-1])["compare"]["models"]), ["content"])
        got = run("evaluate", *args, "--models", "hybrid")
        self.assertEqual(got.returncode, 2, got.stderr)

    def test_a_hybrid_says_what_its_parts_weigh(self):
        report = self.evaluate("--models", "hybrid,als", "--hybrid-parts", "als,popular", "--report", self.f / "h.html")
        weights = report["models"]["hybrid"]["weights"]
        self.assertEqual(list(weights), ["new users", "users with few items", "other users", "new items"])
        self.assertEqual(list(weights["other users"]), ["als", "popular"])
        self.assertAlmostEqual(sum(weights["other users"].values()), 1, places=6)
        self.assertNotIn("weights", report["models"]["als"])
        self.assertIn("Weights of hybrid", (self.f / "h.html").read_text())

    def test_wrong_names_say_what_there_is(self):
        for args, words in ((("--models", "als,oracle"), ("oracle", "item-knn")),
                            (("--compare", "als"), ("two models",)),
                            (("--compare", "als,popular", "--metric", "joy"), ("joy", "ndcg")),
                            (("--compare", "als,popular", "--metric", "ndcg@7"), ("ndcg@7", "--at")),
                            (("--metric", "ndcg"), ("--compare",)),
                            (("--candidates", "warm"), ("warm", "cold"))):
            with self.subTest(args):
                got = run("evaluate", "--data", self.f / "data", *args)
                self.assertEqual(got.returncode, 2, got.stderr)
                for word in words:
                    self.assertIn(word, got.stderr)

    def test_a_file_sets_what_the_options_do(self):
        (self.f / "a.conf").write_text("# found\nfactors = 5\nregularization = 0.5\nitem-knn-k = 7\n")
        by_file = self.evaluate("--config", self.f / "a.conf", "--models", "als,item-knn", "--factors", "12")
        by_hand = self.evaluate("--factors", "12", "--regularization", "0.5", "--item-knn-k", "7", "--models", "als,item-knn")
        for model in ("als", "item-knn"):
            self.assertEqual(by_file["models"][model]["at"], by_hand["models"][model]["at"])
        self.assertEqual(by_file["models"]["als"]["settings"]["factors"], 12)
        got = run("train", "--data", self.f / "data", "--config", self.f / "a.conf", "--iterations", "1", "--out", self.f / "c.aisle")
        self.assertEqual(got.returncode, 0, got.stderr)
        got = run("evaluate", "--data", self.f / "data", "--config", self.f / "none.conf")
        self.assertEqual((got.returncode, len(got.stderr.splitlines())), (1, 1))
        self.assertIn("none.conf", got.stderr)

    def test_the_report_is_one_page_with_the_same_content(self):
        report = self.evaluate("--compare", "als,item-knn,popular", "--bootstrap", "20", "--report", self.f / "r.html", "--at", "5,10")
        text = (self.f / "r.html").read_text()
        page = Page(text)
        self.assertEqual((page.open, page.fetched), ([], []))
        self.assertFalse(re.search(r"https?:|@import|url\(|<script", text))
        self.assertIn("prefers-color-scheme:dark", text)
        self.assertGreater(page.counts["svg"], 10)
        written = json.loads(next(t for t in page.text if t.startswith('{')))
        del written["event"], report["event"]
        self.assertEqual(written, report)
        self.assertIn(f"{self.ndcg(report, 'als'):.4f}", text)
        for word in ("ndcg@10", "gini@10", "novelty@10", "head items", "light users", "Significance", "regularization"):
            self.assertIn(word, text)

    def test_a_report_that_cannot_be_written_is_an_error(self):
        got = run("evaluate", "--data", self.f / "data", *FAST, "--models", "popular", "--report", self.f / "no" / "r.html")
        self.assertEqual((got.returncode, got.stdout), (1, ""))
        self.assertIn("r.html", got.stderr)


if __name__ == "__main__":
    unittest.main()
