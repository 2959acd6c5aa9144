"""bench/scale.py with a benchmark that only repeats what it was asked for: what is measured, computed, left out, written."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

SCALE = pathlib.Path(__file__).parents[2] / "bench" / "scale.py"
BENCH = """#!/usr/bin/env python3
import json, sys
asked = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if int(asked["--factors"]) == FAIL: sys.exit("bench: no")
print(json.dumps({"median_s": int(asked["--entries"]) * 1e-6, "memory_ratio": 1.5, "factors": int(asked["--factors"])}))
"""


class Scale(unittest.TestCase):
    def run_scale(self, fail, *options):
        with tempfile.TemporaryDirectory() as folder:
            bench, out = pathlib.Path(folder, "bench"), pathlib.Path(folder, "out.jsonl")
            bench.write_text(BENCH.replace("FAIL", str(fail)), encoding="ascii")
            os.chmod(bench, stat.S_IRWXU)
            done = subprocess.run([sys.executable, SCALE, bench, "--out", out, *options], capture_output=True, text=True,
                                  check=False)
            lines = [json.loads(line) for line in out.read_text(encoding="ascii").splitlines()] if out.exists() else []
            return done, lines

    def test_sizes_past_the_largest_are_computed_from_the_last_measured_one(self):
        done, lines = self.run_scale(0, "--largest", "1000000", "--threads", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [row.split("|")[1:-1] for row in done.stdout.splitlines()[2:]]
        cells = [[cell.strip() for cell in row] for row in rows]
        self.assertEqual([row[3] for row in cells], ["1,000,000", "10,000,000", "100,000,000", "1,000,000,000"])
        self.assertEqual([row[6] for row in cells], ["1 s", "10 s", "100 s", "1e+03 s"])
        self.assertEqual([row[8] for row in cells], ["measured", "computed", "computed", "computed"])
        self.assertEqual(len(lines), 1)

    def test_every_series_is_measured_and_written(self):
        done, lines = self.run_scale(0, "--largest", "10000000", "--threads", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        for name, n in (("interactions", 4), ("users", 4), ("items", 4), ("factors", 5), ("threads", 2)):
            self.assertEqual(done.stdout.count(f"\n| {name} |"), n, name)
        self.assertEqual(len(lines), 2 + 4 + 4 + 5 + 2)

    def test_a_run_that_fails_ends_it(self):
        done, _ = self.run_scale(64)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bench: no", done.stderr)

    def test_wrong_usage_is_2(self):
        done = subprocess.run([sys.executable, SCALE], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
