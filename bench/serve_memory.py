#!/usr/bin/env python3
"""Memory of the server with a large model: 1 M items x 64 factors with a compact table, 1 M users, 10,000 of whom are asked for.

serve_memory.py BUILD [--users N] [--items N] [--factors N] [--asked N] [--products N] [--half] [--model FILE] [--limit MB] [--loops N]
BUILD: a release build with AISLE_BENCH. The model is what `bench_model` writes, or FILE, made before. --products imports so many of the items
as products first (default 0: the model alone; the catalogue in memory is the server's own and comes on top). Asks GET
/v1/recommendations for users all over the model, one after the other on --connections (default 4), and samples the server's memory meanwhile.
Prints resident memory (VmRSS and its parts, in MB of 10^6 bytes) when the server is ready, the most while it is asked, and at the end.
Exit code: 0 all below --limit (default 300), 1 not or a wrong answer, 2 wrong usage.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def memory(pid):
    """MB of 10^6 bytes: all, of files, the process's own."""
    kib = {}
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "RssFile", "RssAnon", "VmHWM"):
                kib[name] = int(value.split()[0]) * 1024 / 1e6
    return kib


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def products(path, n):
    with open(path, "w", encoding="ascii") as f:
        f.write("id,title,category,price,currency,stock\n")
        for i in range(n):
            f.write(f"i{i},thing {i},a > b{i % 50},{1 + i % 97}.50,EUR,{i % 7}\n")


def data_folder(o, top):
    data = top / "shop"
    (data / "models").mkdir(parents=True)
    model = data / "models/000001.aisle"
    if o.model:
        try:
            os.link(o.model, model)
        except OSError:
            shutil.copyfile(o.model, model)
    else:
        subprocess.run([o.build / "bench/bench_model", "--users", str(o.users), "--items", str(o.items), "--entries", str(10 * o.users), "--factors",
                        str(o.factors), "--model", model, "--runs", "1", *(["--half", "yes"] if o.half else [])], check=True, stdout=subprocess.DEVNULL)
    (data / "models/current").write_text("1\n")
    if o.products:
        products(top / "products.csv", o.products)
        subprocess.run([o.build / "aisle", "import", "--data", data, "--products", top / "products.csv"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    return data


def ready(port, process):
    for _ in range(1200):
        with contextlib.suppress(OSError, http.client.HTTPException):
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            c.request("GET", "/readyz")
            if c.getresponse().status == 200:
                return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    sys.exit("serve_memory.py: the server does not get ready")


def ask(port, o, part, wrong):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for k in range(part, o.asked, o.connections):
        c.request("GET", f"/v1/recommendations?user=u{k * 7919 % o.users}&limit=20")
        r = c.getresponse()
        body = r.read()
        if r.status != 200 or (not o.products and len(json.loads(body)["items"]) != 20):
            wrong.append((k, r.status, body[:200]))
            return


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build", type=pathlib.Path)
    for name, default in (("users", 1000000), ("items", 1000000), ("factors", 64), ("asked", 10000), ("products", 0), ("loops", 2), ("connections", 4),
                          ("limit", 300)):
        p.add_argument(f"--{name}", type=int, default=default)
    p.add_argument("--half", action="store_true")
    p.add_argument("--model", type=pathlib.Path)
    o = p.parse_args()
    with tempfile.TemporaryDirectory(dir=o.model.parent if o.model else None) as top:
        data, port = data_folder(o, pathlib.Path(top)), free_port()
        server = subprocess.Popen([o.build / "aisle", "serve", "--data", data, "--port", str(port), "--loops", str(o.loops)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        try:
            ready(port, server)
            first = memory(server.pid)
            wrong = []
            threads = [threading.Thread(target=ask, args=(port, o, part, wrong)) for part in range(o.connections)]
            begun = time.monotonic()
            for t in threads:
                t.start()
            most = first
            while any(t.is_alive() for t in threads):
                time.sleep(0.05)
                most = max(most, memory(server.pid), key=lambda m: m["VmRSS"])
            seconds = time.monotonic() - begun
            last = memory(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)
    if wrong:
        sys.exit(f"serve_memory.py: {wrong[0]}")
    print(f"{o.asked:,} users asked in {seconds:.1f} s\n{'MB':<10} {'resident':>9} {'of files':>9} {'own':>9}")
    for name, m in (("ready", first), ("most", most), ("end", last)):
        print(f"{name:<10} {m['VmRSS']:>9.0f} {m['RssFile']:>9.0f} {m['RssAnon']:>9.0f}")
    print(f"while it opened the model: {last['VmHWM']:.0f} at most")
    sys.exit(0 if max(most["VmRSS"], last["VmRSS"]) <= o.limit else 1)


if __name__ == "__main__":
    main()
