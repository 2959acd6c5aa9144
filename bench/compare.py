#!/usr/bin/env python3
"""Compares the JSON lines of a benchmark run with committed ones of the same machine.

compare.py BASELINE RUN [--warn PERCENT] [--fail PERCENT] [--any-machine] [--json]
Lines are the same work when everything but date, commit and measured numbers agrees; the last of equal ones counts.
Exit code: 0 nothing is slower by more than --fail (10), 1 something is, 2 wrong usage or nothing to compare.
"""
import argparse
import json
import sys

# What the work was, and on what. Whatever else a line holds was measured or follows from these.
WORK = ("bench", "label", "matrix", "seed", "users", "items", "entries", "factors", "solver", "cg_steps", "row_entries", "n", "batch", "k",
        "devices", "shards", "memory_mib")
MACHINE = ("machine", "device")


def read(path, keys):
    lines = {}
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                line = json.loads(text)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: not JSON: {error}") from None
            if isinstance(line, dict) and line.get("median_s", 0) > 0:  # results of checks have none
                lines[tuple(line.get(key) for key in keys)] = line
    return lines


def verdict(slower, options):
    return "FAIL" if slower > options.fail else "warn" if slower > options.warn else "ok"


def compare(options):
    keys = WORK if options.any_machine else WORK + MACHINE
    old, new = read(options.baseline, keys), read(options.run, keys)
    rows = []
    for key, line in new.items():
        if key not in old:
            continue
        slower = 100 * (line["median_s"] / old[key]["median_s"] - 1)
        rows.append({"work": name_of(line), "device": line.get("device"), "baseline_s": old[key]["median_s"],
                     "run_s": line["median_s"], "slower_percent": round(slower, 2), "verdict": verdict(slower, options)})
    return rows, len(new) - len(rows), len(old.keys() - new.keys())


def name_of(line):
    parts = [line.get("label") or line["bench"], line.get("solver"), f"{line['factors']} factors" if line.get("factors") else None,
             f"{line.get('users')} x {line.get('items')}"]
    return " ".join(str(part) for part in parts if part)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("baseline")
    parser.add_argument("run")
    parser.add_argument("--warn", type=float, default=3, metavar="PERCENT")
    parser.add_argument("--fail", type=float, default=10, metavar="PERCENT")
    parser.add_argument("--any-machine", action="store_true", help="compare lines of different machines, too")
    parser.add_argument("--json", action="store_true", help="one JSON object a compared line")
    options = parser.parse_args()
    try:
        rows, unknown, missing = compare(options)
    except (OSError, ValueError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    for row in rows:
        if options.json:
            print(json.dumps(row))
        else:
            print(f"{row['verdict']:4} {row['work']:48} {row['baseline_s']:12.6f} s {row['run_s']:12.6f} s "
                  f"{row['slower_percent']:+8.2f} %")
    print(f"{len(rows)} compared, {unknown} only in the run, {missing} only in the baseline", file=sys.stderr)
    if not rows:
        print("compare.py: nothing to compare: other work, or another machine (see --any-machine)", file=sys.stderr)
        return 2
    return 1 if any(row["verdict"] == "FAIL" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
