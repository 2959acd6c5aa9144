#!/usr/bin/env python3
"""Users a second that implicit (benfred/implicit) answers with their best items, and milliseconds of one, by given factors.

implicit_topn.py --matrix M.csr --factors PREFIX [--implicit FOLDER] [--n 20] [--threads 2] [--rounds 3] [--batch 1000]
M.csr: what users have seen, which is left out (include/aisle/matrix_file.h); PREFIX.users.f32 and PREFIX.items.f32: rows of float32, as
`bench_table --save PREFIX` writes them. FOLDER: where the package implicit lies, if it is not installed. Prints one JSON line.
"""
import argparse
import json
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # implicit's own threads call it side by side


def read_csr(np, sp, path):
    raw = np.memmap(path, np.uint8, "r")
    if raw[:8].tobytes() != b"AISLECSR":
        sys.exit(f"implicit_topn.py: {path}: no binary CSR")
    rows, cols, entries = (int(v) for v in raw[16:40].view("<i8"))
    col_at = (64 + 8 * (rows + 1) + 63) // 64 * 64
    row_ptr = raw[64 : 64 + 8 * (rows + 1)].view("<i8").astype(np.int32)
    col = np.array(raw[col_at : col_at + 4 * entries].view("<i4"))
    return sp.csr_matrix((np.ones(entries, np.float32), col, row_ptr), shape=(rows, cols))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--matrix", required=True)
    p.add_argument("--factors", required=True)
    p.add_argument("--implicit")
    p.add_argument("--n", type=int, default=20)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--batch", type=int, default=1000)
    o = p.parse_args()
    if o.implicit:
        sys.path.insert(0, o.implicit)
    import numpy as np
    import scipy.sparse as sp
    from implicit.cpu.topk import topk

    seen = read_csr(np, sp, o.matrix)
    users, items = (np.fromfile(f"{o.factors}.{side}.f32", np.float32).reshape(n, -1) for side, n in (("users", seen.shape[0]), ("items", seen.shape[1])))

    def ask(first, end):
        return topk(items, users[first:end], o.n, filter_query_items=seen[first:end], num_threads=o.threads)

    best = float("inf")
    for _ in range(o.rounds + 1):  # the first warms up
        begun = time.perf_counter()
        for first in range(0, len(users), o.batch):
            ask(first, min(first + o.batch, len(users)))
        best = min(best, time.perf_counter() - begun)
    one = []
    for u in range(min(500, len(users))):
        begun = time.perf_counter()
        ask(u, u + 1)
        one.append(time.perf_counter() - begun)
    one.sort()
    print(json.dumps({"bench": "implicit_topn", "matrix": o.matrix, "users": len(users), "items": len(items), "factors": int(items.shape[1]),
                      "n": o.n, "threads": o.threads, "users_per_s": round(len(users) / best), "one_ms": round(one[len(one) // 2] * 1e3, 4)}))


if __name__ == "__main__":
    main()
