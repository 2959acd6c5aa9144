"""Access log and metrics: what an operator reads, what must never stand there, and what a flood may cost."""
import json
import os
import re
import subprocess
import time
import unittest

import shop


def log_of(server):
    return (server.data.parent / "server.log").read_text(errors="strict")


def lines_of(server, wanted, seconds=10):
    """The access log's objects, once `wanted` are there; every line of the log must be an object."""
    end = time.monotonic() + seconds
    while True:
        text = log_of(server)
        whole = [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]
        found = [o for o in whole if o.get("event") == "request"]
        if len(found) >= wanted or time.monotonic() > end:
            return found
        time.sleep(.02)


class Json(unittest.TestCase):
    def test_a_line_tells_what_was_asked_and_how_it_ended(self):
        with shop.serving("--log-json") as server:
            one = server.get("/v1/products", limit=1).json["items"][0]["id"]
            server.ask("GET", f"/v1/products/{one}", headers={"X-Request-Id": "mine-1"})
            server.get("/v1/nothing/here")
            server.ask("POST", "/v1/events", [])
            got = lines_of(server, 4)
            self.assertEqual([(o["method"], o["route"], o["status"], o["client"]) for o in got],
                             [("GET", "/v1/products", 200, "anonymous"), ("GET", "/v1/products/{id}", 200, "anonymous"),
                              ("GET", None, 404, "anonymous"), ("POST", "/v1/events", 422, "anonymous")])
            self.assertEqual(got[1]["request_id"], "mine-1")
            for o in got:
                self.assertEqual(set(o), {"time", "level", "event", "request_id", "method", "route", "status", "bytes", "ms", "client"})
                self.assertRegex(o["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
                self.assertGreater(o["bytes"], 100)
                self.assertGreaterEqual(o["ms"], 0)

    def test_nothing_secret_and_no_control_character_is_logged_whatever_is_asked(self):
        with shop.folder() as data:
            key = shop.run("key", "add", "ops", "--data", data).strip()
            server = shop.Server(data, "--log-json", "--log-level", "debug")
            try:
                secret = "hunter2-swordfish"
                asked = 0
                for path in (f"/v1/recommendations?user={secret}", f"/v1/products/{secret}", f"/v1/products?q={secret}"):
                    server.ask("GET", path, headers={"Authorization": f"Bearer {secret}", "Cookie": f"aisle={secret}; __Host-aisle={secret}"})
                    asked += 1
                for body in ({"email": "a@b.example", "password": secret}, f'{{"password": "{secret}\x01', [{"user": secret, "item": secret, "type": secret}]):
                    for path in ("/v1/events", "/v1/recommendations", "/v1/session", "/v1/account"):
                        server.ask("POST", path, body, headers={"Content-Type": "application/json"}, key=key)
                        asked += 1
                for path in ("/v1/products/%0a%1b%5b31m%c2%9b31m", "/%7f%0d%0aevil", "/v1/products?%1b=%0a"):
                    server.ask("GET", path)
                    asked += 1
                self.assertEqual(server.ask("GET", "/v1/admin/jobs", key=key).status, 200)
                got = lines_of(server, asked + 1)
                self.assertEqual(got[-1]["client"], "key")
                text = log_of(server)
                self.assertNotIn(key, text)
                for o in got:
                    self.assertNotIn(secret, json.dumps(o))
                self.assertNotIn(f"Bearer {secret}", text)
                self.assertNotIn(f"aisle={secret}", text)
                self.assertNotIn(f'password', text)
                self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", text))
            finally:
                server.stop()
                server.log.close()

    def test_a_flood_is_cut_to_so_many_lines_a_second_and_what_is_left_out_is_counted(self):
        with shop.serving("--log-json", "--access-lines", 20, fresh=True) as server:
            c, started = server.connection(), time.time()
            for _ in range(1500):
                server.ask("GET", "/healthz", connection=c)
            seconds = int(time.time()) - int(started) + 1
            metrics = server.ask("GET", "/metrics", connection=c).body.decode()
            c.close()
            left_out = int(re.search(r"^aisle_access_log_left_out_total (\d+)$", metrics, re.M)[1])
            self.assertEqual(server.stop(), 0)
            whole = [json.loads(line) for line in log_of(server).splitlines()]
            written = [o for o in whole if o.get("event") == "request"]
            self.assertLessEqual(len(written), 20 * (seconds + 1))
            self.assertGreaterEqual(left_out, 1500 - 20 * (seconds + 1))
            told = sum(o["count"] for o in whole if o.get("event") == "requests_left_out")
            self.assertEqual(told + len(written), 1501)

    def test_a_reader_that_has_stopped_holds_up_neither_answers_nor_the_end(self):
        with shop.folder(fresh=True) as data:
            read, write = os.pipe()
            process = subprocess.Popen([shop.AISLE, "serve", "--data", data, "--port", "0", "--log-json", "--access-lines", "1000000"],
                                       stdout=subprocess.PIPE, stderr=write, text=True)
            os.close(write)
            try:
                port = int(process.stdout.readline().rsplit(":", 1)[1])
                c = shop.http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                for _ in range(2000):  # 400 KB of lines; a pipe holds 64
                    c.request("GET", "/healthz")
                    self.assertEqual(c.getresponse().read(), b'{"status":"ok"}')
                c.close()
                process.terminate()
                self.assertEqual(process.wait(10), 0)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                process.stdout.close()
                os.close(read)


class Modes(unittest.TestCase):
    def counted(self, *options):
        with shop.serving(*options, fresh=True) as server:
            server.get("/healthz")
            server.get("/nothing")
            self.assertEqual(server.stop(), 0)
            return [line for line in log_of(server).splitlines() if " request " in line or '"request"' in line]

    def test_which_requests_are_logged_is_a_setting(self):
        self.assertEqual(self.counted(), [])
        self.assertEqual(len(self.counted("--access-log", "all")), 2)
        self.assertEqual(len(self.counted("--log-json")), 2)
        self.assertEqual(self.counted("--log-json", "--access-log", "off"), [])
        errors = self.counted("--access-log", "errors")
        self.assertEqual(len(errors), 1)
        self.assertRegex(errors[0], r"^\S+Z info  request [0-9a-f]{32} GET - 404 \d+ B [\d.]+ ms anonymous$")
        self.assertEqual(self.counted("--access-log", "all", "--log-level", "warn"), [])


class Metrics(unittest.TestCase):
    SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? (-?[0-9.e+]+)')

    def test_every_metric_has_help_and_type_once_and_no_sample_comes_twice(self):
        with shop.serving() as server:
            server.get("/v1/products")
            server.get("/nothing")
            server.post("/v1/events", [{"type": "view", "session": "s", "item": "p"}])
            answer = server.get("/metrics")
            self.assertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
            helped, typed, seen = set(), {}, set()
            for line in answer.body.decode().splitlines():
                if line.startswith("# HELP "):
                    name = line.split(" ")[2]
                    self.assertNotIn(name, helped)
                    helped.add(name)
                elif line.startswith("# TYPE "):
                    _, _, name, kind = line.split(" ")
                    self.assertNotIn(name, typed)
                    typed[name] = kind
                else:
                    found = self.SAMPLE.fullmatch(line)
                    self.assertTrue(found, line)
                    self.assertNotIn(found[1] + (found[2] or ""), seen)
                    seen.add(found[1] + (found[2] or ""))
                    name = re.sub(r"_(bucket|sum|count)$", "", found[1])
                    self.assertIn(name if name in typed else found[1], typed)
            self.assertEqual(helped, set(typed))
            for name in ("aisle_http_requests_total", "aisle_http_request_duration_seconds", "aisle_http_connections", "aisle_http_rate_limited_total",
                         "aisle_store_queue", "aisle_store_writes_total", "aisle_store_transactions_total", "aisle_store_busy_seconds_total",
                         "aisle_worker_queue", "aisle_jobs", "aisle_model_version", "aisle_model_age_seconds", "aisle_events_total",
                         "aisle_access_log_left_out_total", "aisle_build_info", "process_resident_memory_bytes", "process_open_fds"):
                self.assertIn(name, typed)
            self.assertIn('aisle_store_writes_total{outcome="stored"}', seen)

    def test_numbers_are_what_was_done(self):
        with shop.serving() as server:
            def now():
                text = server.get("/metrics").body.decode()
                return {m[1] + (m[2] or ""): float(m[3]) for m in map(self.SAMPLE.fullmatch, text.splitlines()) if m}
            before = now()
            for n in range(5):
                server.post("/v1/events", [{"event_id": f"m{n}", "type": "view", "session": "s", "item": "p"}])
            server.get("/v1/products")
            after = now()
            grown = {k: after[k] - before.get(k, 0) for k in after}
            written = grown['aisle_store_writes_total{outcome="stored"}']
            self.assertIn(written, range(5, 8))  # the server's own, of what it has counted, among them
            self.assertIn(grown["aisle_store_transactions_total"], range(1, int(written) + 1))
            self.assertGreater(grown["aisle_store_busy_seconds_total"], 0)
            self.assertEqual(grown['aisle_events_total{outcome="stored"}'], 5)
            self.assertEqual(grown['aisle_http_requests_total{method="GET",route="/v1/products",status="200"}'], 1)
            self.assertEqual(grown['aisle_http_request_duration_seconds_count{method="POST",route="/v1/events"}'], 5)
            self.assertEqual(after["aisle_model_version"], 1)
            self.assertGreater(after["process_resident_memory_bytes"], 1e6)
            self.assertIn(after["process_open_fds"], range(5, 1000))


if __name__ == "__main__":
    unittest.main()
