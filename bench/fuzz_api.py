#!/usr/bin/env python3
"""100,000 requests made of the API's description and a seed, by several clients at once: no 5xx, every answer as described, memory
flat, the database whole at the end.

    AISLE=build/release/aisle bench/fuzz_api.py [--requests N] [--workers N] [--seed TEXT] [--check-every N]

Worker W asks the requests W, W + workers, ...; a fault is printed with its number. Memory is that of the server, sampled as
tenths of the requests are done: it may grow by --growth MB between the fourth tenth (pools and caches are filled by then) and
the last. With an ASan build (AISLE=build/asan/aisle) leaks are seen at the end; give --growth 1000, since ASan keeps what was freed.
"""
import argparse
import json
import multiprocessing
import pathlib
import sqlite3
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "server"))
import asking  # noqa: E402
import contract  # noqa: E402
import hostile_client  # noqa: E402
import shop  # noqa: E402


class There:
    """The server of another process, for a worker."""

    def __init__(self, port):
        self.port, self.key, self.tls = port, None, None

    connection, ask, get, post = shop.Server.connection, shop.Server.ask, shop.Server.get, shop.Server.post


def work(w, args, port, admin, done, found):
    client = hostile_client.Client(There(port), contract.Api(), args.seed, admin, args.check_every)
    for n in range(w, args.requests, args.workers):
        client.ask(n, every=250 * args.workers)
        with done.get_lock():
            done.value += 1
        if len(client.faults) > 20:
            break
    client.close()
    found.put((client.statuses, client.asked, client.faults))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--requests", type=int, default=100000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--check-every", type=int, default=10, help="hold every n-th answer against its description")
    parser.add_argument("--growth", type=float, default=16, help="MB that memory may grow after the fourth tenth")
    args = parser.parse_args()
    with asking.serving(*hostile_client.OPTIONS) as server:
        admin = shop.run("key", "add", "fuzz", "--data", server.data).strip()
        server.await_closed()
        done, found = multiprocessing.Value("q", 0), multiprocessing.Queue()
        workers = [multiprocessing.Process(target=work, args=(w, args, server.port, admin, done, found)) for w in range(args.workers)]
        started = time.monotonic()
        for p in workers:
            p.start()
        samples, results = [], []
        while len(results) < args.workers:
            if server.process.poll() is not None:
                raise SystemExit(f"the server ended with {server.process.returncode}: " + (server.data.parent / "server.log").read_text()[-3000:])
            while len(samples) <= 10 and done.value >= args.requests * len(samples) // 10:
                samples.append(hostile_client.resident(server))
            while not found.empty():
                results.append(found.get())
            if all(p.exitcode not in (None, 0) for p in workers):
                raise SystemExit("the workers failed")
            time.sleep(.02)
        took = time.monotonic() - started
        for p in workers:
            p.join()
        alive = server.get("/healthz").status == 200
        code = server.stop(60)
        log = (server.data.parent / "server.log").read_text()
        database_mb = round((server.data / "aisle.db").stat().st_size / 1e6, 1)
        whole = sqlite3.connect(server.data / "aisle.db").execute("PRAGMA quick_check").fetchone()[0]
    statuses = sum((r[0] for r in results), start=type(results[0][0])())
    asked = sum((r[1] for r in results), start=type(results[0][1])())
    faults = [f for r in results for f in r[2]]
    grown = (samples[-1] - samples[4]) / 1e6 if len(samples) > 10 else 0
    unasked = sorted(set(contract.Api().operations) - set(asked))
    good = not faults and alive and code == 0 and whole == "ok" and grown <= args.growth and not unasked
    commit = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    for f in faults[:20]:
        print(f, file=sys.stderr)
    if code:
        print(log[-3000:], file=sys.stderr)
    print(json.dumps({"bench": "fuzz_api", "commit": commit, "seed": args.seed, "requests": done.value, "workers": args.workers, "seconds": round(took, 1),
                      "statuses": dict(sorted(statuses.items())), "operations": len(asked), "unasked": unasked, "faults": len(faults),
                      "resident_mb": [round(s / 1e6, 1) for s in samples], "growth_mb": round(grown, 1), "database_mb": database_mb, "exit": code, "database": whole, "good": good}))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
