#!/usr/bin/env python3
"""Events a second that the server acknowledges after a durable commit, and whether kill -9 loses one.

events_post.py BUILD [--seconds S] [--connections N] [--batch N,N] [--cores SERVER,CLIENT] [--loops N] [--out FILE.jsonl]
wrk (Debian's) is the client: each connection sends one request after the other, of one event (--batch 1) or as many as the
batch has, every event with an id of its own. What the server answers is checked first. After the timed run comes one in which
the server is killed in the middle; then the database must hold every event that was acknowledged, and a server that is started
again must know them again. Prints a table, with the processor time an event of server and client (which waits for nobody,
so that it says more than the rate where others are working), and, with --out, appends one JSON line a batch size. Exit code: 0, 1 an event was lost or an answer was wrong, 2 wrong usage.
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
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

LUA = """
local batch, round, threads = %d, %d, 0
function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end
function init(args)
  n = 0
  math.randomseed(number + 1)
  head = {["Content-Type"] = "application/json"}
end
function request()
  local list = {}
  for i = 1, batch do
    n = n + 1
    list[i] = string.format('{"event_id":"%%d-%%d-%%d","type":"view","session":"s%%d","item":"p%%d"}', round, number, n,
                            math.random(5000), math.random(2000))
  end
  return wrk.format("POST", "/v1/events", head, "[" .. table.concat(list, ",") .. "]")
end
"""


def pinned(core, *command):
    return (["taskset", "-c", core] if core else []) + [str(c) for c in command]


class Server:
    def __init__(self, build, data, core, loops):
        limits = ("--limit-writes", 0, "--limit-reads", 0)  # clients on this machine are not limited anyway
        command = pinned(core, build / "aisle", "serve", "--data", data, "--port", 0, "--loops", loops, *limits)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on http://"):
            sys.exit("events_post.py: the server does not start")
        self.port = int(line.rsplit(":", 1)[1])

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()


def check_answers(port):
    """What is measured must be right first."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    events = [{"event_id": "first", "type": "view", "session": "s", "item": "p"}, {"type": "stare"}]
    fates = []
    for _ in range(2):
        c.request("POST", "/v1/events", body=json.dumps(events), headers={"Content-Type": "application/json"})
        fates.append([r["status"] for r in json.loads(c.getresponse().read())["results"]])
    c.close()
    return fates == [["stored", "rejected"], ["duplicate", "rejected"]]


def load(port, top, a, batch, round_number):
    """Runs wrk; (acknowledged requests, seconds, wrong answers)."""
    script = top / "post.lua"
    script.write_text(LUA % (batch, round_number))
    command = pinned(a.client, "wrk", "-t", 1, "-c", a.connections, "-d", f"{a.seconds}s", "-s", script, f"http://127.0.0.1:{port}/")
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    done = re.search(r"(\d+) requests in ([\d.]+)s", text)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return int(done[1]), float(done[2]), int(wrong[1]) if wrong else 0


def client_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def knows(a, data, name):
    """A server that is started again takes the event of this id for a known one."""
    server = Server(a.build, data, a.server, a.loops)
    c = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    c.request("POST", "/v1/events", body=json.dumps([{"event_id": name, "type": "view", "session": "s", "item": "p"}]),
              headers={"Content-Type": "application/json"})
    fate = json.loads(c.getresponse().read())["results"][0]["status"]
    c.close()
    server.kill()
    return fate == "duplicate"


def stored(data):
    with contextlib.closing(sqlite3.connect(data / "aisle.db")) as db:
        if db.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            sys.exit("events_post.py: the database is damaged")
        return db.execute("SELECT count(*) FROM events").fetchone()[0]


def measure(a, batch):
    """One size of batch: (events a second, acknowledged before the kill, lost)."""
    with tempfile.TemporaryDirectory(prefix="aisle-events-") as top:
        top, data = pathlib.Path(top), pathlib.Path(top) / "data"
        server = Server(a.build, data, a.server, a.loops)
        if not check_answers(server.port):
            sys.exit("events_post.py: the server's answers are wrong")
        used = server.cpu_s(), client_cpu_s()
        requests, seconds, wrong = load(server.port, top, a, batch, 1)
        first = requests - wrong
        used = server.cpu_s() - used[0], client_cpu_s() - used[1]
        end = threading.Timer(a.seconds * 0.7, server.process.kill)
        end.start()
        requests, _, refused = load(server.port, top, a, batch, 2)
        end.join()
        server.kill()
        acknowledged = (first + requests - refused) * batch + 1  # and the one of check_answers
        known = all(knows(a, data, f"1-0-{n}") for n in (1, max(1, first // 2) * batch))
        return {"events_per_s": round(first * batch / seconds), "server_us": round(used[0] / first / batch * 1e6, 2),
                "client_us": round(used[1] / first / batch * 1e6, 2), "wrong": wrong + (not known), "acknowledged": acknowledged,
                "lost": max(0, acknowledged - stored(data))}


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("build", type=pathlib.Path)
    p.add_argument("--seconds", type=int, default=5)
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--batch", default="1,100")
    p.add_argument("--cores", default=",", help="of the server and of the client, as for taskset")
    p.add_argument("--loops", type=int, default=1)
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    a.server, a.client = a.cores.split(",")
    bad = False
    print("batch    events/s   server us  client us    acknowledged        lost")
    for batch in map(int, a.batch.split(",")):
        got = measure(a, batch)
        bad |= bool(got["lost"] or got["wrong"])
        print(f"{batch:5} {got['events_per_s']:11,} {got['server_us']:11} {got['client_us']:10} {got['acknowledged']:15,} {got['lost']:11,}",
              flush=True)
        if a.out:
            line = {"bench": "events_post", "batch": batch, "connections": a.connections, "loops": a.loops, **got, "cpu": platform.processor(),
                    "date": datetime.date.today().isoformat()}
            with open(a.out, "a") as f:
                f.write(json.dumps(line) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
