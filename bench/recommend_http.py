#!/usr/bin/env python3
"""Recommendations over HTTP: how many a second, how soon an event counts, and what swapping the model under load costs.

recommend_http.py BUILD [--what get,wishes,pairs,swap] [--seconds S] [--connections N] [--cores SERVER,CLIENT] [--loops N] [--shop DIR]
                  [--factors N] [--swaps N] [--out FILE.jsonl]
BUILD: a release build; wrk (Debian's) is the client. The shop is gowalla (AISLE_DATA, or ../shared/data) with a product record of
four members for each item, and two ALS models; --shop keeps it for the next time. Answers are checked first, and under load:
  get    GET /v1/recommendations?user=..., of users in random order, with the default fields
  wishes POST /v1/recommendations of such users, each with one of: diversity, a boost, a filter and a cap, a scenario
  pairs  on each connection one after the other: the first item of the answer before is posted as an event, and must not be in the
         next answer; of known users and of sessions that nobody has seen before, one event each time
  swap   the two models take turns while 200 users ask: each answer must be wholly what one of them gives, none may fail
Prints a line for each, and with --out appends it as JSON. Exit code: 0, 1 an answer was wrong or failed, 2 wrong usage.
"""
import argparse
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
USERS, ITEMS = 29858, 40981

GET = """
local users = %d
function init(args) math.randomseed(tonumber(args[1]) or 1) end
function request() return wrk.format("GET", "/v1/recommendations?user=" .. math.random(0, users - 1)) end
"""

WISHES = """
local users, n = %d, 0
local wishes = {'"diversity":0.4', '"boost":[{"filter":{"price_max":5000},"by":1.5}]', '"filter":{"price_min":3000},"max_per_brand":1', '"scenario":"home"'}
local head = {["Content-Type"] = "application/json"}
function init(args) math.randomseed(1) end
function request()
  n = n + 1
  return wrk.format("POST", "/v1/recommendations", head, string.format('{"user":"%%d",%%s}', math.random(0, users - 1), wishes[n %% 4 + 1]))
end
"""

# A thread a connection, so that request() and response() take turns.
PAIRS = """
local threads, batch = 0, 20
function setup(thread) thread:set("number", threads); threads = threads + 1; all = all or {}; table.insert(all, thread) end
function init(args) n, wrong, pairs_done, late = 0, 0, 0, 0; who = nil; head = {["Content-Type"] = "application/json"} end
local function next_person()
  n = n + 1
  if number %% 2 == 0 then who, kind = tostring((number * 463 + n * 7919) %% %d), "user"
  else who, kind = string.format("%d-%%d-%%d", number, n), "session" end
  posted, first, turns = nil, nil, 0
end
function request()
  if not who or turns >= batch then next_person() end
  if first and not posted then
    posted = first
    return wrk.format("POST", "/v1/events", head, string.format('[{"type":"click","%%s":"%%s","item":"%%s"}]', kind, who, first))
  end
  return wrk.format("GET", "/v1/recommendations?" .. kind .. "=" .. who)
end
function response(status, headers, body)
  if status ~= 200 then wrong = wrong + 1; who = nil; return end
  if body:find('"stored":1', 1, true) then return end
  if posted then
    if body:find('{"id":"' .. posted .. '"', 1, true) then late = late + 1 end
    pairs_done, turns = pairs_done + 1, turns + 1
  end
  first, posted = body:match('"items":%%[{"id":"(.-)"'), nil
  if not first then who = nil end
end
function done(summary, latency, requests)
  local p, l, w = 0, 0, 0
  for _, t in ipairs(all) do p, l, w = p + t:get("pairs_done"), l + t:get("late"), w + t:get("wrong") end
  print(string.format("pairs %%d late %%d wrong %%d", p, l, w))
end
"""

# expected.of[version]: the lists of ids that this model gives to the users.
SWAP = """
local expected = dofile("%s")
function setup(thread) all = all or {}; table.insert(all, thread) end
function init(args) math.randomseed(7); torn, seen = 0, {0, 0}; n1, n2 = 0, 0; asked = {} ; answered = 0 end
function request() return wrk.format("GET", "/v1/recommendations?user=" .. expected.users[math.random(#expected.users)]) end
function response(status, headers, body)
  if status ~= 200 then torn = torn + 1; return end
  local ids = {}
  for id in body:gmatch('{"id":"(.-)"') do ids[#ids + 1] = id end
  local version = tonumber(body:match('"model_version":(%%d+)'))
  if not expected.of[version][table.concat(ids, ",")] then torn = torn + 1 end
  if version == 1 then n1 = n1 + 1 else n2 = n2 + 1 end
end
function done(summary, latency, requests)
  local t0, a, b = 0, 0, 0
  for _, t in ipairs(all) do t0, a, b = t0 + t:get("torn"), a + t:get("n1"), b + t:get("n2") end
  print(string.format("torn %%d of1 %%d of2 %%d", t0, a, b))
end
"""


def run(*command, **kw):
    return subprocess.run([str(c) for c in command], check=True, **kw)


def pinned(core, *command):
    return (["taskset", "-c", core] if core else []) + [str(c) for c in command]


def write_products(path):
    """A record for each item; what it says is drawn by a seed."""
    draw = random.Random(1)
    words = "linen oak steel copper ivory slate amber coral navy olive round tall small wide soft plain".split()
    nouns = "table chair lamp vase kettle rug shelf mirror basket clock".split()
    with path.open("w", encoding="ascii") as f:
        f.write("id,title,brand,category,price,currency,stock\n")
        for i in range(ITEMS):
            noun = draw.choice(nouns)
            f.write(f"{i},{' '.join(draw.sample(words, 3))} {noun} {i},brand {draw.randrange(200)},Home > {noun},"
                    f"{draw.randrange(100, 20000) / 100:.2f},EUR,1000000\n")


def make_shop(aisle, data, shop, factors):
    """Two models of it, of other seeds."""
    source = data / "gowalla" / "train.txt.zst"
    if not source.exists():
        source = data / "gowalla" / "train.txt"
    if not source.exists():
        sys.exit("recommend_http.py: gowalla's train.txt is not there; set AISLE_DATA (datasets/README.md)")
    write_products(shop.parent / "products.csv")
    run(aisle, "import", "--data", shop, "--preset", "lightgcn", "--events", source, stdout=subprocess.DEVNULL)
    run(aisle, "import", "--data", shop, "--products", shop.parent / "products.csv", stdout=subprocess.DEVNULL)
    for seed in (2, 1):
        run(aisle, "train", "--data", shop, "--model", "als", "--factors", factors, "--iterations", 5, "--binary", "--seed", seed,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Server:
    def __init__(self, a, shop):
        command = pinned(a.server, a.build / "aisle", "serve", "--data", shop, "--port", 0, "--loops", a.loops)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on http://"):
            sys.exit("recommend_http.py: the server does not start")
        self.port = int(line.rsplit(":", 1)[1])

    def ask(self, method, path, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request(method, path, body=None if body is None else json.dumps(body), headers={"Content-Type": "application/json"})
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, json.loads(text)

    def stat(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])

    def cpu_us(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1e6 / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


UNITS = {"us": 0.001, "ms": 1, "s": 1000}


def load(server, a, script, threads, seconds):
    """One run of wrk: its text, and what it says."""
    before = server.cpu_us()
    command = pinned(a.client, "wrk", "-t", threads, "-c", a.connections, "-d", f"{seconds}s", "--latency", "-s", script,
                     f"http://127.0.0.1:{server.port}/")
    child = os.times()
    text = run(*command, capture_output=True, text=True).stdout
    after = os.times()
    times = {p: float(v) * UNITS[u] for p, v, u in re.findall(r"^ +(\d+)% +([\d.]+)(us|ms|s)$", text, re.M)}
    n = int(re.search(r"(\d+) requests in", text)[1])
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: (.*)", text)
    client = (after.children_user + after.children_system - child.children_user - child.children_system) * 1e6
    return text, {"requests_per_s": round(float(re.search(r"Requests/sec: +([\d.]+)", text)[1])), "p50_ms": round(times["50"], 3),
                  "p99_ms": round(times["99"], 3), "wrong": int(wrong[1]) if wrong else 0, "socket_errors": broken[1] if broken else "",
                  "server_cpu_us": round((server.cpu_us() - before) / n, 1), "client_cpu_us": round(client / n, 1)}


def check_answers(server):
    """What is measured must be right first: members, order, products for sale, nothing seen."""
    for user in (0, 17, 29857):
        status, got = server.ask("GET", f"/v1/recommendations?user={user}")
        items = got.get("items", [])
        ok = status == 200 and len(items) == 10 and got["strategy"] == "personal" and all(
            i["title"] and i["brand"].startswith("brand") and i["category"].startswith("Home > ") and i["price"] > 0 and i["currency"] == "EUR"
            and i["in_stock"] and i["rating"] == {"average": None, "count": 0} and i["images"] == [] for i in items)
        if not ok or [i["score"] for i in items] != sorted((i["score"] for i in items), reverse=True):
            sys.exit(f"recommend_http.py: the answer for user {user} is wrong: {got}")


def get(server, a, top, of=GET):
    script = top / "get.lua"
    script.write_text(of % USERS)
    load(server, a, script, 1, 1)  # warm
    _, got = load(server, a, script, 1, a.seconds)
    return got, got["wrong"] == 0 and not got["socket_errors"]


def wishes(server, a, top):
    return get(server, a, top, WISHES)


def pairs(server, a, top):
    script = top / "pairs.lua"
    script.write_text(PAIRS % (USERS, int(time.time())))
    text, got = load(server, a, script, a.connections, a.seconds)
    done, late, wrong = map(int, re.search(r"pairs (\d+) late (\d+) wrong (\d+)", text).groups())
    got |= {"pairs_per_s": round(done / a.seconds), "late": late, "wrong": wrong}
    return got, late == 0 and wrong == 0


def expect(server, path):
    """Lua's table of the answers of both models; the first serves afterwards."""
    users, of = [str(u * 149) for u in range(200)], {1: set(), 2: set()}
    for version in (2, 1):
        status, got = server.ask("POST", f"/v1/admin/models/{version}/activate")
        if status != 200:
            sys.exit(f"recommend_http.py: model {version} cannot be activated: {got}")
        for user in users:
            _, got = server.ask("GET", f"/v1/recommendations?user={user}")
            if got["model_version"] != version:
                sys.exit("recommend_http.py: another model answers than the one activated")
            of[version].add(",".join(i["id"] for i in got["items"]))
    if len(of[1] & of[2]) > len(users) // 10:
        sys.exit("recommend_http.py: the two models give the same answers")
    tables = ",".join("{" + ",".join(f'["{k}"]=true' for k in of[v]) + "}" for v in (1, 2))
    path.write_text(f"return {{users={{{','.join(users)}}},of={{{tables}}}}}")


def swap(server, a, top):
    script = top / "swap.lua"
    expect(server, top / "expected.lua")
    script.write_text(SWAP % (top / "expected.lua"))
    load(server, a, script, 1, 1)  # warm
    _, still = load(server, a, script, 1, a.seconds)
    base, end, failed, took = server.stat("VmRSS"), threading.Event(), [], []

    def swapping():
        for i in range(a.swaps):
            begin = time.monotonic()
            status, _ = server.ask("POST", f"/v1/admin/models/{2 - i % 2}/activate")
            took.append(time.monotonic() - begin)
            if status != 200:
                failed.append(i)
            time.sleep(0.2)  # a shop does not swap all the time: so that most of the load is between swaps
        end.set()
    worker = threading.Thread(target=swapping)
    worker.start()
    worst = {"p99_ms": 0}
    torn = of1 = of2 = wrong = 0
    errors = ""
    while not end.is_set():
        text, got = load(server, a, script, 1, a.seconds)
        numbers = list(map(int, re.search(r"torn (\d+) of1 (\d+) of2 (\d+)", text).groups()))
        torn, of1, of2, wrong, errors = torn + numbers[0], of1 + numbers[1], of2 + numbers[2], wrong + got["wrong"], errors + got["socket_errors"]
        if not end.is_set() and got["p99_ms"] > worst["p99_ms"]:
            worst = got
    worker.join()
    time.sleep(2)
    after = server.stat("VmRSS")
    got = worst | {"still_p99_ms": still["p99_ms"], "p99_ratio": round(worst["p99_ms"] / still["p99_ms"], 2), "swaps": a.swaps, "failed_swaps": len(failed),
                   "torn": torn, "of_each": [of1, of2], "wrong": wrong, "socket_errors": errors, "swap_ms": round(1000 * sorted(took)[len(took) // 2], 1),
                   "rss_before_kib": base, "rss_after_kib": after}
    return got, torn == 0 and wrong == 0 and not failed and not errors


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build", type=pathlib.Path)
    p.add_argument("--what", default="get,wishes,pairs,swap")
    p.add_argument("--seconds", type=int, default=5)
    p.add_argument("--connections", type=int, default=64)
    p.add_argument("--cores", default=",", help="of the server and of the client, as for taskset")
    p.add_argument("--loops", type=int, default=0)
    p.add_argument("--factors", type=int, default=128)
    p.add_argument("--swaps", type=int, default=200)
    p.add_argument("--shop", type=pathlib.Path)
    p.add_argument("--out", type=pathlib.Path)
    a = p.parse_args()
    a.build = a.build.resolve()
    a.server, a.client = a.cores.split(",")
    if not shutil.which("wrk"):
        sys.exit("recommend_http.py: wrk is not installed (apt-get install wrk)")
    data = pathlib.Path(os.environ.get("AISLE_DATA") or HERE.parent.parent / "shared" / "data")
    right = True
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as top, contextlib.ExitStack() as stack:
        top = pathlib.Path(top)
        shop = a.shop or top / "shop"
        if not (shop / "models").exists():
            make_shop(a.build / "aisle", data, shop, a.factors)
        server = Server(a, shop)
        stack.callback(server.stop)
        check_answers(server)
        for what in a.what.split(","):
            got, ok = {"get": get, "wishes": wishes, "pairs": pairs, "swap": swap}[what](server, a, top)
            right &= ok
            print(f"{what}{'' if ok else ' (WRONG)'}: " + ", ".join(f"{k} {v}" for k, v in got.items() if v != ""), flush=True)
            if a.out:
                line = {"bench": f"recommend_http_{what}", **got, "connections": a.connections, "loops": a.loops, "factors": a.factors, "seconds": a.seconds,
                        "machine": platform.node(), "date": datetime.date.today().isoformat()}
                with a.out.open("a") as f:
                    f.write(json.dumps(line) + "\n")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
