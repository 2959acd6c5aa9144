#!/usr/bin/env python3
"""What a training costs those who shop meanwhile: p50, p99 and the longest of a product's GET and of a recommendation, idle and
beside a training, for each priority that trainings may have.

serve_while_training.py BUILD [--users N] [--items N] [--events N] [--factors N] [--priority LIST] [--rate N] [--seconds S] [--out FILE.jsonl]
BUILD: a release build. Makes a shop, trains a small model, and serves it with as many loops as cores; then one client asks for a
product and another for recommendations, --rate times a second each, and every time counts from the moment when the question
was due, not from when the client came to ask it. Idle and training come in turns, a training of its own for each priority,
ended after --seconds. Checks that every answer is 200 and that the training went on meanwhile. Prints one line a case and,
with --out, appends one JSON line a priority. Exit code: 0, 1 an answer was wrong, 2 wrong usage.
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


def ask(connection, method, path, body=None):
    connection.request(method, path, body=None if body is None else json.dumps(body), headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def quantiles(times):
    times = sorted(times)
    return {"n": len(times), "p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100], "max_us": times[-1]}


def shop(port, path, rate, seconds, out):
    """Microseconds of each answer to questions that are due at an even pace."""
    c, times = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
    begun = time.perf_counter_ns()
    for k in range(int(rate * seconds)):
        due = begun + int(k * 1e9 / rate)
        while (left := due - time.perf_counter_ns()) > 0:
            time.sleep(left / 1e9)
        status, body = ask(c, "GET", path)
        times.append((time.perf_counter_ns() - due) // 1000)
        if status != 200:
            out["wrong"] = f"{path}: {status} {body[:200]}"
            return
    out[path] = quantiles(times)


def both(port, paths, a):
    out = {}
    threads = [threading.Thread(target=shop, args=(port, p, a.rate, a.seconds, out)) for p in paths.values()]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if "wrong" in out:
        sys.exit("serve_while_training.py: " + out["wrong"])
    return {name: out[p] for name, p in paths.items()}


def await_(what):
    end = time.monotonic() + 120
    while not what():
        if time.monotonic() > end:
            sys.exit("serve_while_training.py: the training does not begin, or does not end")
        time.sleep(0.05)


def job(c, number):
    return json.loads(ask(c, "GET", f"/v1/admin/jobs/{number}")[1])


def measure(program, data, priority, a):
    server = subprocess.Popen([program, "serve", "--data", data, "--port", "0", "--train-priority", priority], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True)
    try:
        port = int(server.stdout.readline().rsplit(":", 1)[1])
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        item = json.loads(ask(c, "GET", "/v1/products?limit=1")[1])["items"][0]["id"]
        ask(c, "POST", "/v1/events", [{"type": "view", "session": "bench", "item": item}])
        paths = {"product": f"/v1/products/{item}", "recommendations": "/v1/recommendations?session=bench&limit=20"}
        both(port, paths, argparse.Namespace(rate=a.rate, seconds=1))
        idle = both(port, paths, a)
        number = json.loads(ask(c, "POST", "/v1/admin/trainings", {"model": "als", "factors": a.factors, "iterations": 1000})[1])["id"]
        await_(lambda: (job(c, number)["progress"] or {}).get("event") == "iteration")
        first = job(c, number)["progress"]["iteration"]
        training = both(port, paths, a)
        now = job(c, number)
        ask(c, "DELETE", f"/v1/admin/jobs/{number}")
        if now["state"] != "running" or now["progress"]["iteration"] <= first:
            sys.exit(f"serve_while_training.py: the training did not go on: {now}")
        await_(lambda: job(c, number)["state"] == "canceled")
        return {"idle": idle, "training": training, "iterations_s": round((now["progress"]["iteration"] - first) / a.seconds, 2)}
    finally:
        server.terminate()
        server.wait(20)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--users", type=int, default=20000)
    p.add_argument("--items", type=int, default=10000)
    p.add_argument("--events", type=int, default=1000000)
    p.add_argument("--factors", type=int, default=128)
    p.add_argument("--priority", default="low,idle,normal")
    p.add_argument("--rate", type=float, default=200)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--out")
    a = p.parse_args()
    program = pathlib.Path(a.build) / "aisle"
    with tempfile.TemporaryDirectory() as top:
        def run(*args):
            subprocess.run([program, *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        run("generate", "--users", a.users, "--items", a.items, "--events", a.events, "--seed", 1, "--out", f"{top}/files")
        run("import", "--data", f"{top}/data", "--preset", "generated", *(f"{top}/files/{n}.csv" for n in ("products", "users", "events")))
        run("train", "--data", f"{top}/data", "--model", "als", "--factors", 64, "--iterations", 3)
        for priority in a.priority.split(","):
            got = measure(program, f"{top}/data", priority, a)
            line = {"bench": "serve_while_training", "priority": priority, "rate": a.rate, "users": a.users, "items": a.items,
                    "events": a.events, "factors": a.factors, **got}
            for what in ("product", "recommendations"):
                for case in ("idle", "training"):
                    print(f"{priority:7} {what:16} {case:9} " + "  ".join(f"{k} {v}" for k, v in got[case][what].items()))
                line[f"{what}_p99_ratio"] = round(got["training"][what]["p99_us"] / got["idle"][what]["p99_us"], 2)
                print(f"{priority:7} {what:16} p99 beside the training is {line[f'{what}_p99_ratio']} times the idle one")
            print(f"{priority:7} {got['iterations_s']} iterations of the training a second meanwhile")
            if a.out:
                line |= {"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "date": datetime.date.today().isoformat()}
                with open(a.out, "a") as f:
                    f.write(json.dumps(line) + "\n")
    return 0


sys.exit(main())
