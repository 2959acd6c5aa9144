#!/usr/bin/env python3
"""How long a product takes to come while passwords wait to be checked: p50, p99 and the longest of a product's GET, idle and
beside a queue of logins.

login_queue.py BUILD [--logins N] [--seconds S] [--out FILE.jsonl]
BUILD: a release build. The server runs as it would by default; N logins, each of an account of its own, are sent at once
and kept waiting by as many connections, while one client asks for a product over and over. Checks first that every login
succeeds. Prints one line a case and, with --out, appends one JSON line. Exit code: 0, 1 an answer was wrong, 2 wrong usage.
"""
import argparse
import datetime
import http.client
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import threading
import time

PASSWORD = "a password of the bench"


def ask(connection, method, path, body=None):
    connection.request(method, path, body=None if body is None else json.dumps(body), headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def quantiles(times):
    times = sorted(times)
    return {"n": len(times), "p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100], "max_us": times[-1]}


def browse(port, going):
    """Microseconds of each GET while `going` says so."""
    c, times = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
    while going():
        started = time.perf_counter_ns()
        status, _ = ask(c, "GET", "/v1/products/p")
        times.append((time.perf_counter_ns() - started) // 1000)
        if status != 200:
            sys.exit(f"login_queue.py: a product answered {status}")
    return times


def login(port, number, bad):
    status, body = ask(http.client.HTTPConnection("127.0.0.1", port, timeout=120), "POST", "/v1/session", {"email": f"b{number}@x.example", "password": PASSWORD})
    if status != 201:
        bad.append((status, body))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--logins", type=int, default=200)
    p.add_argument("--seconds", type=float, default=5)
    p.add_argument("--out")
    a = p.parse_args()
    program = pathlib.Path(a.build) / "aisle"
    with tempfile.TemporaryDirectory() as top:
        server = subprocess.Popen([program, "serve", "--data", f"{top}/data", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            c, bad = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
            assert ask(c, "PUT", "/v1/admin/products/p", {"title": "A product", "description": "x" * 700, "price": 1, "currency": "EUR"})[0] == 201
            for i in range(a.logins):
                assert ask(c, "POST", "/v1/account", {"email": f"b{i}@x.example", "password": PASSWORD, "bearer": True})[0] == 201
            end = time.monotonic() + a.seconds
            idle = browse(port, lambda: time.monotonic() < end)
            threads = [threading.Thread(target=login, args=(port, i, bad)) for i in range(a.logins)]
            for t in threads:
                t.start()
            started = time.monotonic()
            beside = browse(port, lambda: any(t.is_alive() for t in threads))
            took = time.monotonic() - started
            for t in threads:
                t.join()
        finally:
            server.terminate()
            server.wait(10)
    if bad:
        print("login_queue.py: logins failed:", bad[0], file=sys.stderr)
        return 1
    line = {"bench": "login_queue", "logins": a.logins, "logins_s": round(a.logins / took, 1), "idle": quantiles(idle), "beside": quantiles(beside)}
    line["p99_ratio"] = round(line["beside"]["p99_us"] / line["idle"]["p99_us"], 2)
    for case in ("idle", "beside"):
        print(f"{case:8} " + "  ".join(f"{k} {v}" for k, v in line[case].items()))
    print(f"{line['logins_s']} logins a second; p99 beside them is {line['p99_ratio']} times the idle one")
    if a.out:
        line |= {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "date": datetime.date.today().isoformat()}
        with open(a.out, "a") as f:
            f.write(json.dumps(line) + "\n")
    return 0


sys.exit(main())
