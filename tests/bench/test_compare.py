"""bench/compare.py on made-up lines: what counts as the same work, the limits, the exit codes."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

COMPARE = pathlib.Path(__file__).resolve().parents[2] / "bench" / "compare.py"
LINE = {"bench": "als_iteration", "label": "als", "date": "2026-01-01", "commit": "a", "machine": "m", "device": "d", "seed": 1,
        "users": 10, "items": 5, "entries": 20, "factors": 8, "solver": "cg", "cg_steps": 3, "runs": 20, "median_s": 1.0}


class Compare(unittest.TestCase):
    def run_on(self, baseline, run, *options):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder) / name for name in ("baseline", "run")]
            for path, lines in zip(paths, (baseline, run)):
                path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines))
            done = subprocess.run([sys.executable, COMPARE, *paths, *options], capture_output=True, text=True)
            return done.returncode, done.stdout, done.stderr

    def test_the_same_lines_are_fine(self):
        code, out, _ = self.run_on([LINE], [LINE | {"date": "2027-01-01", "commit": "b", "runs": 3}])
        self.assertEqual((code, out.split()[0]), (0, "ok"))

    def test_a_little_slower_warns_and_much_slower_fails(self):
        for median, code, word in ((1.029, 0, "ok"), (1.05, 0, "warn"), (1.099, 0, "warn"), (1.11, 1, "FAIL"), (.5, 0, "ok")):
            got, out, _ = self.run_on([LINE], [LINE | {"median_s": median}])
            self.assertEqual((got, out.split()[0]), (code, word), median)

    def test_limits_can_be_set(self):
        run = [LINE | {"median_s": 1.05}]
        self.assertEqual(self.run_on([LINE], run, "--fail", "4")[0], 1)
        self.assertEqual(self.run_on([LINE], run, "--warn", "6")[1].split()[0], "ok")

    def test_other_work_and_other_machines_are_not_compared(self):
        for other in ({"factors": 16}, {"solver": "exact"}, {"device": "e"}, {"machine": "n"}, {"entries": 21}):
            code, out, err = self.run_on([LINE], [LINE | other | {"median_s": 9}])
            self.assertEqual((code, out), (2, ""), other)
            self.assertIn("nothing to compare", err)
        self.assertEqual(self.run_on([LINE], [LINE | {"machine": "n"}], "--any-machine")[0], 0)

    def test_one_failure_among_many_lines_is_enough_and_the_last_line_counts(self):
        base = [LINE, LINE | {"factors": 16}]
        run = [LINE | {"median_s": 9}, LINE, LINE | {"factors": 16, "median_s": 2}, {"bench": "check", "name": "contract"}]
        code, out, err = self.run_on(base, run, "--json")
        rows = {"16" in row["work"]: row["verdict"] for row in map(json.loads, out.splitlines())}
        self.assertEqual((code, rows), (1, {False: "ok", True: "FAIL"}))
        self.assertIn("2 compared", err)

    def test_broken_and_missing_files_are_named(self):
        code, _, err = self.run_on([LINE], ["{"])
        self.assertEqual(code, 2)
        self.assertIn("run:1", err)
        done = subprocess.run([sys.executable, COMPARE, "/nonexistent", "/nonexistent"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nonexistent", done.stderr)


if __name__ == "__main__":
    unittest.main()
