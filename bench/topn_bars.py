#!/usr/bin/env python3
"""The table of what top-N has to reach, measured in one run beside implicit on the same factors; every answer checked.

topn_bars.py BUILD --gowalla M.csr --large L.csr [--peer-python P] [--implicit FOLDER] [--rounds N] [--threads 2] [--out FILE.jsonl]
BUILD: a release build with AISLE_BENCH. M.csr: `bench/lists_to_csr.py` of gowalla's train file (29,858 x 40,981). L.csr: 52,643 x 91,599, e.g. `aisle
generate --matrix L.csr --users 52643 --items 91599 --events 2380730 --seed 1`. P: a Python that has numpy, scipy and, in FOLDER or
installed, implicit; without one the peer's lines are left out. Ours and the peer take turns, N rounds each (default 3); the best of each
counts. In the first round every user's answer is compared byte by byte with scoring all items in f32. The last line is 1,000,000 x 64,
synthetic, a tenth of the items allowed. Some 6 minutes on two cores. Exit code: 0 all bars met, 1 not, 2 wrong usage.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def lines_of(args):
    got = subprocess.run([str(a) for a in args], stdout=subprocess.PIPE, text=True)
    if got.returncode != 0:
        sys.exit(f"topn_bars.py: {args[0]} ended with {got.returncode}")
    return [json.loads(line) for line in got.stdout.splitlines() if line.startswith("{")]


class Run:
    def __init__(self, o, folder):
        self.o, self.folder, self.lines = o, pathlib.Path(folder), []

    def table(self, *more):
        lines = lines_of([pathlib.Path(self.o.build) / "bench/bench_table", "--batch", "4096", "--threads", self.o.threads, *more])
        self.lines += lines
        by_name = {line["bench"]: line for line in lines}
        return by_name["table"], by_name["table_one"]

    def peer(self, matrix, prefix):
        if not self.o.peer_python:
            return None
        args = [self.o.peer_python, HERE / "peers/implicit_topn.py", "--matrix", matrix, "--factors", prefix, "--threads", self.o.threads,
                "--rounds", 1]
        line = lines_of(args + (["--implicit", self.o.implicit] if self.o.implicit else []))[0]
        self.lines.append(line)
        return line

    def beside(self, matrix):
        """Best users a second and median ms of one user: ours, the peer's."""
        prefix = self.folder / "factors"
        ours, one, peers = 0, float("inf"), []
        for r in range(self.o.rounds):
            check = ["--check", "all"] if r == 0 else []
            table, single = self.table("--matrix", matrix, "--factors", "128", "--max-seconds", "10", "--save", prefix, *check)
            ours, one = max(ours, table["users_per_s"]), min(one, single["median_s"] * 1e3)
            peers.append(self.peer(matrix, prefix))
        if not peers[0]:
            return ours, one, None, None
        return ours, one, max(p["users_per_s"] for p in peers), min(p["one_ms"] for p in peers)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build")
    p.add_argument("--gowalla", required=True)
    p.add_argument("--large", required=True)
    p.add_argument("--peer-python")
    p.add_argument("--implicit")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--out")
    o = p.parse_args()
    rows = []  # what, ours, bar, met

    def row(what, ours, unit, bar, met, peer=""):
        rows.append((what, f"{ours} {unit}", bar, peer, met))

    with tempfile.TemporaryDirectory() as folder:
        run = Run(o, folder)
        ours, one, peer, peer_one = run.beside(o.gowalla)
        name = "top 20 of 40,981 x 128, seen left out"
        row(name, f"{ours:,}", "users/s", ">= 60,000", ours >= 60000, f"{peer:,}" if peer else "")
        if peer:
            row("  times implicit", f"{ours / peer:.1f}", "x", ">= 7", ours >= 7 * peer)
        row("  one user", f"{one:.3f}", "ms", "<= .15", one <= 0.15, f"{peer_one:.3f}" if peer else "")
        ours, one, peer, peer_one = run.beside(o.large)
        row("top 20 of 91,599 x 128, seen left out", f"{ours:,}", "users/s", ">= 32,000", ours >= 32000, f"{peer:,}" if peer else "")
        row("  one user", f"{one:.3f}", "ms", "", True, f"{peer_one:.3f}" if peer else "")
        table, single = run.table("--users", "4000", "--items", "1000000", "--entries", "20000000", "--factors", "64", "--allowed", ".1")
        row("top 20 of 1 M x 64, 10 % allowed", f"{table['users_per_s']:,}", "users/s", ">= 2,000", table["users_per_s"] >= 2000)
        row("  one user, p99", f"{single['p99_s'] * 1e3:.2f}", "ms", "<= 5", single["p99_s"] <= 0.005)
        if o.out:
            with open(o.out, "a", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in run.lines)
    print(f"{'':<40} {'aisle':>18}   {'bar':<10} {'implicit':<9}")
    for what, ours, bar, peer, met in rows:
        print(f"{what:<40} {ours:>18}   {bar:<10} {peer:<9} {'' if met else 'MISSED'}")
    sys.exit(0 if all(r[4] for r in rows) else 1)


if __name__ == "__main__":
    main()
