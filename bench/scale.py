#!/usr/bin/env python3
"""Time and memory of an ALS iteration against interactions, users, items, factors and threads, as one table.

scale.py BENCH_ALS [--out FILE.jsonl] [--largest ENTRIES] [--threads N] [--max-seconds S]
Runs bench_als on synthetic matrices, appends its lines to FILE and prints Markdown. What is larger than ENTRIES or than
the memory there is is computed from the largest measured one of its series and marked so. Exit code: 0, 1 a run failed,
2 wrong usage.
"""
import argparse
import json
import os
import subprocess
import sys

BASE = {"users": 200_000, "items": 50_000, "entries": 10_000_000, "factors": 64, "threads": 0}
SERIES = {
    "interactions": [
        {"users": 20_000, "items": 10_000, "entries": 1_000_000},
        {},
        {"users": 2_000_000, "items": 250_000, "entries": 100_000_000},
        {"users": 10_000_000, "items": 1_000_000, "entries": 1_000_000_000},
    ],
    "users": [{"users": n} for n in (50_000, 100_000, 400_000, 800_000)],
    "items": [{"items": n} for n in (12_500, 25_000, 100_000, 200_000)],
    "factors": [{"factors": n} for n in (16, 32, 128, 256, 512)],
}


def csr_and_factors(work):
    rows = work["users"] + work["items"]
    return 8 * work["entries"] + 8 * rows + 4 * rows * work["factors"]


def available():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))


def run(bench, work, options):
    command = [bench, "--solvers", "auto", "--max-seconds", str(options.max_seconds), "--label", "scale"]
    for name, value in work.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"scale: {' '.join(command)}: {done.stderr.strip().splitlines()[-1]}")
    if options.out:
        with open(options.out, "a", encoding="utf-8") as file:
            file.write(done.stdout)
    line = json.loads(done.stdout)
    return line["median_s"], line["memory_ratio"] * csr_and_factors(work)


def measure(name, works, options):
    last = None  # of this series: work, seconds, bytes
    for work in works:
        fits = work["entries"] <= options.largest and 1.6 * csr_and_factors(work) + 2**29 < available()
        if fits:
            seconds, size = run(options.bench, work, options)
            last = work, seconds, size
        elif last:
            seconds = last[1] * work["entries"] / last[0]["entries"] * work["factors"] / last[0]["factors"]
            size = last[2] * csr_and_factors(work) / csr_and_factors(last[0])
        else:
            continue
        print(f"| {name} | {work['users']:,} | {work['items']:,} | {work['entries']:,} | {work['factors']} | "
              f"{work['threads'] or os.cpu_count()} | {seconds:.3g} s | {size / 2**20:,.0f} MiB | "
              f"{'measured' if fits else 'computed'} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", metavar="BENCH_ALS")
    parser.add_argument("--out")
    parser.add_argument("--largest", type=int, default=100_000_000)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--max-seconds", type=float, default=10)
    options = parser.parse_args()
    base = dict(BASE, threads=options.threads)
    print("| series | users | items | interactions | factors | threads | iteration | training memory | |\n"
          "|---|---|---|---|---|---|---|---|---|")
    for name, changes in SERIES.items():
        measure(name, [dict(base, **change) for change in changes], options)
    most = options.threads or os.cpu_count()
    counts = [n for n in (1, 2, 4, 8, 16, 32, 64) if n < most] + [most]
    measure("threads", [dict(base, threads=n) for n in counts], options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
