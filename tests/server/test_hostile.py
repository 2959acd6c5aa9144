"""Every operation of the API description, with every parameter and member replaced by what nobody should send.

The requests follow from one seed (AISLE_SEED replays another). Whatever comes in: no 5xx but the few that are meant, an
answer to each request, bounded memory, and a clean end (under a sanitizer build that means no report either).
"""
import json
import os
import pathlib
import random
import socket
import struct
import time
import unittest
import urllib.parse

import yaml

import shop

SEED = int(os.environ.get("AISLE_SEED", "20261124"))
REQUESTS = 2500
GROWTH_MIB = 64  # the scorers, caches of statements and pages, and the allocator's slack; a sanitizer's quarantine is left out
SANITIZED = b"__asan_init" in pathlib.Path(shop.AISLE).read_bytes()

TEXTS = ["", " ", "\0", "%", "%00", "%zz", "/", "..", "../../etc/passwd", "a" * 255, "a" * 256, "é" * 200, "\ud800", "' OR 1=1 --", "\r\nX: y",
         "<script>", "*", "\"", "\\", "😀", "null", "NaN", "--data", "-1", "0", "1", "1.5", "1e309", "9223372036854775807", "9223372036854775808",
         "-9223372036854775809", "18446744073709551616", "0x10", "true", "TRUE", "asc;drop", "session:x", "\u2028"]
NUMBERS = ["0", "-0", "-1", "1", "2", "1.0", "1.5", "100", "101", "1e3", "1e308", "1e309", "-1e309", "1e-400", "9007199254740993", "9223372036854775807",
           "9223372036854775808", "-9223372036854775808", "123456789012345678901234567890", "0x1", "01", "NaN", "Infinity", "-Infinity", "+1", "1."]


def raw(text):
    """A text as it goes into a URL: some escapes right, some not."""
    return urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")


class Raw(str):
    """JSON text that is put in as it stands."""


def dump(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dump(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value)


class Mutator:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def value(self):
        """Some JSON text that need not be JSON."""
        r = self.r
        return Raw(r.choice([
            r.choice(NUMBERS), json.dumps(r.choice(TEXTS)), '"\\ud800"', '"\\u0000"', '"\x01"', "null", "true", "[]", "{}", "[[]]", '{"a":{}}',
            '{"a":1,"a":2}', "[" * r.choice([31, 33, 5000]), "[" * 20 + "]" * 20, "[" + ",".join(["1"] * r.choice([10, 1001, 5000])) + "]",
            json.dumps(["p%d" % i for i in range(r.choice([1, 101, 1001, 20000]))]), '"' + "x" * r.choice([300, 70000]) + '"', "", "}", "1 2"]))

    def mutate(self, body):
        """A copy of the body with one place, some members or its whole text changed."""
        r = self.r
        if isinstance(body, list) and body and r.random() < .8:
            out = list(body)
            at = r.randrange(len(out))
            out[at] = self.mutate(out[at])
            return out if r.random() < .9 else out * r.choice([2, 21, 1001])
        if isinstance(body, dict) and body and r.random() < .85:
            out = dict(body)
            name = r.choice(list(out))
            choice = r.random()
            if choice < .15:
                del out[name]
            elif choice < .25:
                out[r.choice(TEXTS)] = self.value()
            else:
                out[name] = self.mutate(out[name]) if isinstance(out[name], (dict, list)) and r.random() < .5 else self.value()
            return out
        return self.value()


EVENT = {"event_id": "e", "type": "purchase", "session": "s", "item": "p", "time": "2026-01-01T00:00:00Z", "value": 2, "price": 100, "position": 1,
         "order": "o", "recommendation_id": "r", "user": "u"}
ASK = {"user": "u", "session": "s", "items": ["p1", "p2"], "exclude": ["p3"], "limit": 5, "explain": True, "fields": ["title", "price"],
       "filter": {"category": "Home", "brand": "b", "price_min": 1, "price_max": 9007199254740992, "in_stock": True}}
BODIES = {
    "addEvents": [[EVENT], {"events": [EVENT, EVENT]}, [{**EVENT, "type": "rating", "value": 5}]],
    "postRecommendations": [ASK, {"requests": [ASK, ASK]}],
    # a training that is taken would run: a setting that is always wrong keeps it from that
    "addTraining": [{"factors": 8, "iterations": 3, "weight": {"view": .5}, "solver": "cg", "binary": True, "no_such_setting": 1}],
}


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving("--log-level", "error")
        cls.server = cls.scope.__enter__()
        cls.spec = yaml.safe_load((shop.SOURCE / "server/http/openapi.yaml").read_text())
        print(f"AISLE_SEED={SEED}")

    @classmethod
    def tearDownClass(cls):
        try:
            code = cls.server.stop()
        finally:
            cls.scope.__exit__(None, None, None)
        assert code == 0, code

    def operations(self):
        for path, item in self.spec["paths"].items():
            for method, op in item.items():
                if method != "parameters":
                    given = [self.resolve(p) for p in item.get("parameters", []) + op.get("parameters", [])]
                    yield method.upper(), path, op["operationId"], given

    def resolve(self, node):
        return self.spec["components"]["parameters"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node

    def rss(self):
        for line in pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024

    def exchange(self, request, timeout=20):
        """The statuses of all answers to these bytes; the connection ends with the last one."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=timeout) as s:
            answer = b""
            try:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
                while chunk := s.recv(1 << 16):
                    answer += chunk
            except (ConnectionResetError, BrokenPipeError):
                pass  # refused before all of it was read: what was answered counts
        return answer

    def head(self, m, method, target, extra=()):
        fields = ["Host: 127.0.0.1", *extra]
        if m.r.random() < .1:
            fields.append("If-None-Match: " + m.r.choice(["*", '"', '"a', 'W/"x", "y"', "," * 200, '"' + "a" * 4000 + '"']))
        if m.r.random() < .05:
            fields.append("Last-Event-ID: " + m.r.choice(["-1", "x", "9223372036854775807", "9" * 40]))
        return (f"{method} {target} HTTP/1.1\r\n" + "\r\n".join(fields) + "\r\n").encode("utf-8", "replace")

    def one(self, m):
        method, path, name, given = m.r.choice(self.all)
        target = path
        for p in given:
            if p["in"] == "path":
                bad = raw(m.r.choice(TEXTS)) if m.r.random() < .7 else m.r.choice(["1", "%", "%2", "%c3%28", "%00", "..", "%2e%2e%2f", "a/b"])
                target = target.replace("{" + p["name"] + "}", bad)
        query = [(p["name"], m.r.choice(p["schema"].get("enum", TEXTS)) if m.r.random() < .5 else m.r.choice(TEXTS + NUMBERS))
                 for p in given if p["in"] == "query" and m.r.random() < .6]
        if m.r.random() < .2:
            query += m.r.choice([[("", "")], query, [("x", "y")] * 200, [(m.r.choice(TEXTS), m.r.choice(TEXTS))]])
        if query or m.r.random() < .1:
            target += "?" + "&".join(raw(str(k)) + "=" + raw(str(v)) for k, v in query)
        if m.r.random() < .1:
            method = m.r.choice(["HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "get", "DELETE", "POST"])
        if name == "addTraining" and method == "POST" and name not in BODIES:
            return None
        body = b""
        if name in BODIES or m.r.random() < .05:
            body = dump(m.mutate(m.r.choice(BODIES.get(name, [{"a": 1}])))).encode("utf-8", "surrogatepass")
            if name == "addTraining" and b"no_such_setting" not in body:
                body += b"x"  # see above
        elif name == "addImport":
            body = m.r.choice([b"", b"a,b\n1,2\n", b"\0" * 100, b"\x28\xb5\x2f\xfd" + b"x" * 50, b"\x1f\x8b\x08" + b"y" * 50, b'{"a":', b"PK\x03\x04", os.urandom(0)])
        kind = m.r.choice(["application/json"] * 6 + ["application/x-ndjson", "application/json; charset=x", "text/plain", "", ",", "APPLICATION/JSON"])
        extra = [f"Content-Type: {kind}"] if body else []
        if body and m.r.random() < .15:  # chunked
            at = m.r.randrange(len(body)) + 1
            pieces = [p for p in (body[:at], body[at:]) if p]
            return self.head(m, method, target, extra + ["Transfer-Encoding: chunked"]) + b"\r\n" + b"".join(
                b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
        length = len(body) + (m.r.choice([1, 7]) if m.r.random() < .03 else 0)
        if body or length or method == "POST":
            extra.append(f"Content-Length: {length}")
        return self.head(m, method, target, extra) + b"\r\n" + body

    def test_no_request_is_answered_by_a_crash_a_hang_or_a_5xx(self):
        self.all = list(self.operations())
        m = Mutator(SEED)
        meant = {b"501", b"503"}  # an unknown method; a full queue of jobs
        for warm_up in range(300):
            self.exchange(self.one(m))
        before = self.rss()
        for n in range(REQUESTS - 300):
            request = self.one(m)
            answer = self.exchange(request)
            status = answer[9:12]
            told = f"request {n}: {request[:300]!r} -> {answer[:300]!r}"
            self.assertIsNone(self.server.process.poll(), told)
            if not answer:  # a body cut short is no request
                self.assertIn(b"Content-Length", request, told)
                continue
            self.assertRegex(answer[:13], rb"^HTTP/1\.1 [1-5]\d\d ", told)
            self.assertTrue(status < b"500" or status in meant, told)
            if status >= b"400" and not request.startswith(b"HEAD"):
                problem = json.loads(answer.split(b"\r\n\r\n", 1)[1])
                self.assertEqual(problem["status"], int(status), told)
        for job in self.server.get("/v1/admin/jobs", limit=100).json["items"]:
            if job["state"] in ("queued", "running"):
                self.server.await_job(job["id"])
        self.assertEqual(self.server.get("/healthz").status, 200)
        self.assertEqual(self.server.get("/v1/recommendations", limit=3).status, 200)
        self.assertEqual(list((self.server.data / "spool").iterdir()), [])
        if not SANITIZED:
            self.assertLess(self.rss() - before, GROWTH_MIB)

    def test_a_small_body_cannot_ask_for_a_large_answer_or_much_memory(self):
        many = b'{"' + b'":1,"'.join(b"k%d" % i for i in range(30000)) + b'":1}'
        for path, kind, body in (("/v1/events", "application/json", b"[" + many + b"]"),
                                 ("/v1/events", "application/json", b"[" + b"{}," * 600000 + b"{}]"),
                                 ("/v1/events", "application/x-ndjson", b"{}\n" * 600000),
                                 ("/v1/events", "application/x-ndjson", (b'{"a":[' + b"[]," * 600 + b"[]]}\n") * 999),
                                 ("/v1/events", "application/json", (b"[" + b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":0},' * 999)[:-1] + b"]"),
                                 ("/v1/recommendations", "application/json", many),
                                 ("/v1/recommendations", "application/json", b'{"exclude":[' + b'"a",' * 100000 + b'"a"]}'),
                                 ("/v1/recommendations", "application/json", b'{"requests":[' + b"{}," * 20 + b"{}]}")):
            before = self.rss()
            answer = self.server.post(path, body, headers={"Content-Type": kind})
            self.assertIn(answer.status, (200, 422), (path, body[:60]))
            self.assertLess(len(answer.body), 2 * len(body) + (1 << 20), (path, body[:60]))
            if not SANITIZED:
                self.assertLess(self.rss() - before, GROWTH_MIB, (path, body[:60]))

    def test_readers_that_never_read_are_cut(self):
        job = self.server.post("/v1/admin/trainings", {"factors": 256, "iterations": 1000}).json["id"]
        deaf = []
        for _ in range(20):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            s.connect(("127.0.0.1", self.server.port))
            s.sendall(b"GET /v1/admin/jobs/%d/events HTTP/1.1\r\nHost: localhost\r\n\r\n" % job + b"GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
            deaf.append(s)
        for s in deaf[::2]:  # gone without a word
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.close()
        self.assertEqual(self.server.ask("DELETE", f"/v1/admin/jobs/{job}").status, 202)
        self.assertEqual(self.server.await_job(job)["state"], "canceled")
        self.assertEqual(self.server.get("/healthz").status, 200)
        for s in deaf[1::2]:
            s.close()

    def test_jobs_canceled_at_random_moments_end_and_leave_nothing(self):

        r = random.Random(SEED)
        for _ in range(8):
            job = self.server.post("/v1/admin/trainings", {"factors": 32, "iterations": 200}).json["id"]
            time.sleep(r.random() * .4)
            self.assertIn(self.server.ask("DELETE", f"/v1/admin/jobs/{job}").status, (202, 409))
            self.assertIn(self.server.await_job(job)["state"], ("canceled", "succeeded"))
        self.assertEqual([p.name for p in (self.server.data / "models").glob("*.tmp*")], [])

    def test_other_sites_are_not_answered_in_open_mode(self):
        for host, origin, status in (("evil.example", None, 403), ("127.0.0.1.evil.example", None, 403), ("localhost", "http://evil.example", 403),
                                     ("localhost", "null", 403), ("localhost", "http://localhost.evil", 403), ("localhost", "http://localhost", 200),
                                     ("[::1]", None, 200), ("127.1.2.3", None, 200), ("2130706433", None, 403), ("localhost", "https://localhost", 403)):
            fields = f"Host: {host}\r\n" + (f"Origin: {origin}\r\n" if origin else "")
            answer = self.exchange(f"POST /v1/recommendations HTTP/1.1\r\n{fields}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode())
            self.assertEqual(int(answer[9:12]), status, (host, origin))


if __name__ == "__main__":
    unittest.main()
