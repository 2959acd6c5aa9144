#!/usr/bin/env python3
"""Requests a second of one product of 1 KB, beside a plain evhttp server and nginx with the same bytes in a static file.

product_get.py BUILD [--seconds S] [--rounds N] [--connections N] [--cores SERVER,CLIENT] [--out FILE.jsonl]
BUILD: a release build with AISLE_BENCH. wrk (Debian's) is the client; nginx is left out where it is not installed. Each
server has one loop. All run at once and are loaded in turns, round by round, so that a noisy minute hits them alike; every
answer is compared with the product's bytes first. Prints a table and, with --out, appends one JSON line a server.
Exit code: 0, 1 an answer was wrong or a server did not start, 2 wrong usage.
"""
import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

BODY = 1024
NGINX = """
worker_processes 1; daemon off; master_process off; pid {top}/nginx.pid; error_log {top}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; default_type application/json; keepalive_requests 100000000; open_file_cache max=16;
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4; scgi_temp_path {top}/t5;
  server {{ listen 127.0.0.1:{port}; root {top}; }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, method, path, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    c.request(method, path, body=None if body is None else json.dumps(body), headers={"Content-Type": "application/json"})
    r = c.getresponse()
    return r.status, r.read()


def await_port(port, process):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"product_get.py: {process.args[0]} does not listen")


def pinned(core, *command):
    return (["taskset", "-c", core] if core else []) + [str(c) for c in command]


def make_product(port):
    """A product whose answer has BODY bytes; its text."""
    record = {"title": "Cast-iron pot", "brand": "Ferrum", "category": "Home > Kitchen > Pots", "price": 4900, "currency": "EUR", "stock": 30,
              "attributes": {"colour": "black", "litres": 4.5}, "images": [{"url": "/media/pot.jpg", "alt": "A black pot"}], "description": ""}
    for _ in range(2):
        status, text = ask(port, "PUT", "/v1/admin/products/pot", record)
        assert status in (200, 201), text
        record["description"] = "x" * max(0, BODY - len(text))
    return ask(port, "GET", "/v1/products/pot")[1]


@contextlib.contextmanager
def servers(build, top, core):
    """name -> (port, path) of every server, all answering the same bytes."""
    running, found = [], {}

    def start(name, port, path, *command, **kw):
        process = subprocess.Popen(pinned(core, *command), stderr=subprocess.DEVNULL, **kw)
        running.append(process)
        await_port(port, process)
        found[name] = (port, path, process.pid)
    try:
        port = free_port()
        start("aisle", port, "/v1/products/pot", build / "aisle", "serve", "--data", top / "shop", "--port", port, "--loops", 1,
              stdout=subprocess.DEVNULL)
        text = make_product(port)
        (top / "product.json").write_bytes(text)
        port = free_port()
        start("evhttp", port, "/product.json", build / "bench" / "plain_evhttp", port, top / "product.json")
        if shutil.which("nginx"):
            port = free_port()
            (top / "nginx.conf").write_text(NGINX.format(top=top, port=port))
            os.chmod(top, 0o755)
            start("nginx", port, "/product.json", "nginx", "-c", top / "nginx.conf")
        for name, (port, path, _) in found.items():
            status, got = ask(port, "GET", path)
            if status != 200 or got != text:
                sys.exit(f"product_get.py: {name} answers {status} with {len(got)} bytes that are not the product's {len(text)}")
        yield found, len(text)
    finally:
        for process in running:
            process.terminate()
            process.wait(20)


UNITS = {"us": 1, "ms": 1000, "s": 1000000}


def cpu_us(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")


def load(server, seconds, connections, core):
    """(requests a second, p50 us, p99 us, CPU us of the server a request) of one run of wrk."""
    port, path, pid = server
    before = cpu_us(pid)
    out = subprocess.run(pinned(core, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"),
                         capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit("product_get.py: wrong answers under load:\n" + out)
    times = {p: float(v) * UNITS[u] for p, v, u in re.findall(r"^ +(\d+)% +([\d.]+)(us|ms|s)$", out, re.M)}
    requests = int(re.search(r"(\d+) requests in", out)[1])
    return float(re.search(r"Requests/sec: +([\d.]+)", out)[1]), times["50"], times["99"], (cpu_us(pid) - before) / requests


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build", type=pathlib.Path)
    p.add_argument("--seconds", type=int, default=3)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--cores", default=",", help="SERVER,CLIENT: pin each to a core")
    p.add_argument("--out", type=pathlib.Path)
    o = p.parse_args()
    server_core, client_core = o.cores.split(",")
    if not shutil.which("wrk"):
        sys.exit("product_get.py: wrk is not installed (apt-get install wrk)")
    runs = {}
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as top, servers(o.build.resolve(), pathlib.Path(top), server_core) as (found, n):
        for server in found.values():
            load(server, 1, o.connections, client_core)  # warm
        for _ in range(o.rounds):
            for name, server in found.items():
                runs.setdefault(name, []).append(load(server, o.seconds, o.connections, client_core))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    best = {name: max(r[0] for r in list_) for name, list_ in runs.items()}
    print(f"{n} bytes of body, {o.connections} connections, {o.rounds} rounds of {o.seconds} s\n")
    print(f"{'server':8} {'best /s':>10} {'median /s':>10} {'p50 us':>8} {'p99 us':>8} {'cpu us':>7}  aisle is")
    for name, list_ in runs.items():
        rps, p50, p99, cpu = (statistics.median(r[i] for r in list_) for i in range(4))
        print(f"{name:8} {best[name]:10.0f} {rps:10.0f} {p50:8.0f} {p99:8.0f} {cpu:7.1f}  {best['aisle'] / best[name]:.2f} of it")
        if o.out:
            line = {"bench": "product_get", "server": name, "best_rps": best[name], "median_rps": rps, "p50_us": p50, "p99_us": p99, "cpu_us": cpu,
                    "ratio": best["aisle"] / best[name], "body_bytes": n, "connections": o.connections, "rounds": o.rounds,
                    "seconds": o.seconds, "machine": platform.node(), "commit": commit, "date": datetime.date.today().isoformat()}
            with o.out.open("a") as f:
                f.write(json.dumps(line) + "\n")
    return 0


sys.exit(main())
