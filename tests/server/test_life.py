"""Starting, refusing to start, stopping, dying: what an operator sees of the process."""
import ctypes
import json
import os
import pathlib
import platform
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import shop

SYS_TGKILL = {"x86_64": 234, "aarch64": 131}[platform.machine()]


def refused(*args, env=None):
    """Runs `aisle serve`, which must not start: (exit code, standard error)."""
    done = subprocess.run([shop.AISLE, "serve", *map(str, args)], capture_output=True, text=True, timeout=20,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stderr


class Life(unittest.TestCase):
    def one_line(self, got, code, *words):
        self.assertEqual(got[0], code, got)
        last = got[1].strip().splitlines()[-1]
        self.assertTrue(last.startswith("aisle serve: "), got)
        for word in words:
            self.assertIn(str(word), last)

    def test_acknowledged_events_survive_kill_9(self):
        with shop.serving(fresh=True) as server:
            for round_number in range(3):
                acknowledged, stop = [], threading.Event()

                def write(worker):
                    c, n = server.connection(), 0
                    try:
                        while not stop.is_set():
                            ids = [f"{round_number}-{worker}-{n}-{k}" for k in range(5)]
                            n += 1
                            events = [{"event_id": i, "type": "view", "session": f"w{worker}", "item": "p"} for i in ids]
                            answer = server.ask("POST", "/v1/events", events, connection=c)
                            if answer.status == 200:
                                acknowledged.extend(ids)
                    except (OSError, ValueError, shop.http.client.HTTPException):
                        pass

                threads = [threading.Thread(target=write, args=(w,)) for w in range(4)]
                for t in threads:
                    t.start()
                time.sleep(0.4 + 0.1 * round_number)
                server.kill()
                stop.set()
                for t in threads:
                    t.join()
                server.start()
                self.assertGreater(len(acknowledged), 0)
                again = [{"event_id": i, "type": "view", "session": "again", "item": "p"} for i in acknowledged]
                for at in range(0, len(again), 1000):
                    answer = server.post("/v1/events", again[at:at + 1000]).json
                    self.assertEqual((answer["stored"], answer["duplicates"]), (0, len(again[at:at + 1000])))

    def test_sigterm_lets_requests_finish_and_exits_0_in_time(self):
        with shop.serving() as server:
            body = json.dumps([{"event_id": "slow", "type": "view", "session": "t", "item": "p"}]).encode()
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as s:
                s.sendall(b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                          b"Content-Length: %d\r\n\r\n" % len(body) + body[:10])
                time.sleep(0.2)
                started = time.monotonic()
                server.process.send_signal(signal.SIGTERM)
                time.sleep(0.3)
                s.sendall(body[10:])
                answer = b""
                while chunk := s.recv(65536):
                    answer += chunk
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer[:200])
            self.assertIn(b'"stored":1', answer)
            self.assertEqual(server.process.wait(10), 0)
            self.assertLess(time.monotonic() - started, 5.5)

    def test_sigterm_ends_it_gently_whichever_thread_takes_it(self):
        tgkill = ctypes.CDLL(None, use_errno=True).syscall
        takers = 0
        with shop.serving() as server:
            for which in range(1000):
                tasks = sorted(pathlib.Path(f"/proc/{server.process.pid}/task").iterdir(), key=lambda p: int(p.name))
                if which == len(tasks):
                    break
                blocked = int(re.search(r"^SigBlk:\s*(\w+)", (tasks[which] / "status").read_text(), re.M)[1], 16)
                if blocked >> (signal.SIGTERM - 1) & 1:
                    continue
                takers += 1
                self.assertEqual(tgkill(SYS_TGKILL, server.process.pid, int(tasks[which].name), signal.SIGTERM), 0)
                self.assertEqual(server.process.wait(10), 0)
                server.process.stdout.close()
                server.start()
        self.assertGreater(takers, 0)

    def test_idle_connections_and_streams_do_not_delay_the_end(self):
        with shop.serving() as server:
            idle = server.connection()
            server.ask("GET", "/healthz", connection=idle)
            job = server.post("/v1/admin/trainings", {"factors": 256, "iterations": 1000}).json["id"]
            stream = server.connection()
            stream.request("GET", f"/v1/admin/jobs/{job}/events")
            self.assertEqual(stream.getresponse().status, 200)
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 5.5)
            idle.close()
            stream.close()

    def test_a_second_server_on_the_same_folder_is_refused(self):
        with shop.serving(fresh=True) as server:
            self.one_line(refused("--data", server.data, "--port", 0), 1, server.process.pid)
            self.assertEqual(server.get("/healthz").status, 200)

    def test_a_port_in_use_is_named(self):
        with shop.serving(fresh=True) as server, tempfile.TemporaryDirectory() as other:
            self.one_line(refused("--data", other, "--port", server.port), 1, server.port)

    def test_bad_folders_and_values_are_named(self):
        with tempfile.TemporaryDirectory() as top:
            plain = pathlib.Path(top) / "file"
            plain.write_text("x")
            self.one_line(refused("--data", plain, "--port", 0), 1, plain)
            self.one_line(refused("--data", pathlib.Path(top) / "no" / "such", "--port", 0), 1, "no")
            broken = pathlib.Path(top) / "broken"
            broken.mkdir()
            (broken / "aisle.db").mkdir()
            self.one_line(refused("--data", broken, "--port", 0), 1, "aisle.db")
            for option, value in (("--port", "65536"), ("--port", "x"), ("--loops", "-1"), ("--log-level", "loud"), ("--nonsense", "1")):
                self.one_line(refused("--data", top, option, value), 2, option)
            self.one_line(refused("--data", top, "--host", "shop.example", "--port", 0), 1, "shop.example")

    def test_without_a_key_only_loopback_is_served_and_nothing_is_made(self):
        with tempfile.TemporaryDirectory() as top:
            for data in (top, f"{top}/new"):
                self.one_line(refused("--data", data, "--host", "0.0.0.0", "--port", 0), 1, "0.0.0.0", "aisle key add")
                self.assertEqual(os.listdir(top), [])
            shop.run("key", "add", "ops", "--data", f"{top}/new")
            shop.run("key", "remove", "ops", "--data", f"{top}/new")
            self.one_line(refused("--data", f"{top}/new", "--host", "0.0.0.0", "--port", 0), 1, "0.0.0.0", "aisle key add")


class Config(unittest.TestCase):
    def asked(self, *args, env=None, how=("--print",)):
        done = subprocess.run([shop.AISLE, "config", *map(str, args), *how], capture_output=True, text=True,
                              env={**{k: v for k, v in os.environ.items() if not k.startswith("AISLE_")}, **(env or {})})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def printed(self, *args, env=None):
        return dict(line.split(" = ", 1) for line in self.asked(*args, env=env).splitlines() if not line.startswith("#"))

    def places(self, *args, env=None):
        return {s["name"]: s["from"] for s in json.loads(self.asked(*args, env=env, how=("--json",)))["settings"]}

    def test_every_value_says_where_it_comes_from(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write("port = 1001\nloops = 0\nlog-json = false\nhost = 127.0.0.1\ntls-cert = c\n")
            f.flush()
            args = ("--config", f.name, "--log-level", "info", "--no-log-json", "-d", "shop", "--tls-k", "k")
            env = {"AISLE_SERVE_PORT": "8080", "AISLE_SERVE_LIMIT_READS": "1"}
            got = self.places(*args, env=env)
            want = {"data": "command line", "log-level": "command line", "log-json": "command line", "tls-key": "command line", "port": "environment",
                    "limit-reads": "environment", "loops": "file", "host": "file", "tls-cert": "file"}
            self.assertEqual(got, {name: want.get(name, "default") for name in got})
            text = self.asked(*args, env=env)
            for line in ("from: environment AISLE_SERVE_PORT\nport = 8080", f"from: file {f.name}\nhost = ", "from: command line\ndata = shop",
                         "from: default\nmax-connections = 0"):
                self.assertIn("# " + line, text)

    def test_without_print_settings_are_only_checked(self):
        self.assertEqual(self.asked("--port", "1", how=()), "")
        self.assertEqual(subprocess.run([shop.AISLE, "serve", "--print"], capture_output=True).returncode, 2)
        self.assertEqual(subprocess.run([shop.AISLE, "config", "--port", "70000"], capture_output=True).returncode, 2)

    def test_flags_beat_environment_beats_file_beats_defaults(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write("# the shop\nport = 1001\n\n  loops=3\nlog-json = true\nlog-level = warn\n")
            f.flush()
            got = self.printed("--config", f.name, "--log-level", "error", env={"AISLE_SERVE_LOOPS": "4", "AISLE_SERVE_LOG_LEVEL": "debug"})
            self.assertEqual((got["port"], got["loops"], got["log-level"], got["log-json"], got["host"]),
                             ("1001", "4", "error", "true", "127.0.0.1"))
            self.assertEqual(self.printed("--config", f.name, "--no-log-json")["log-json"], "false")

    def test_what_is_printed_can_be_read_back(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
            f.write(subprocess.run([shop.AISLE, "config", "--port", "77", "--print"], capture_output=True, text=True).stdout)
            f.flush()
            self.assertEqual(self.printed("--config", f.name), self.printed("--port", "77"))

    def test_wrong_lines_and_variables_are_named(self):
        for text, word in (("port = 1\nport 2\n", "line 2"), ("colour = red\n", "colour"), ("port = 70000\n", "port"), ("config = x\n", "config")):
            with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
                f.write(text)
                f.flush()
                code, err = refused("--config", f.name)
                self.assertEqual(code, 2, err)
                self.assertIn(f.name, err)
                self.assertIn(word, err)
        code, err = refused(env={"AISLE_SERVE_PORT": "many"})
        self.assertEqual(code, 2)
        self.assertIn("AISLE_SERVE_PORT", err)
        self.assertEqual(refused("--config", "/no/such/file")[0], 1)


class Keys(unittest.TestCase):
    def test_the_first_key_closes_a_running_server_and_it_stays_closed(self):
        with shop.serving(fresh=True) as server:
            self.assertEqual(server.get("/v1/admin/jobs").status, 200)
            key = shop.run("key", "add", "ops", "--data", server.data).strip()
            end = time.monotonic() + 20
            while server.get("/v1/admin/jobs").status != 401:
                self.assertLess(time.monotonic(), end)
                time.sleep(.05)
            self.assertEqual(server.get("/v1/recommendations?user=u").status, 401)
            self.assertEqual(server.ask("GET", "/v1/admin/jobs", key=key).status, 200)
            shop.run("key", "remove", "ops", "--data", server.data)
            time.sleep(1.5)  # longer than the server takes to look
            self.assertEqual(server.ask("GET", "/v1/admin/jobs", key=key).status, 401)
            self.assertEqual(server.get("/v1/admin/jobs").status, 401)

    def test_with_a_key_admin_users_and_named_sessions_need_it(self):
        with shop.folder() as data:
            key = shop.run("key", "add", "ops", "--data", data).strip()
            server = shop.Server(data)
            try:
                guarded = [("GET", "/v1/admin/jobs", None), ("GET", "/v1/admin/models", None), ("GET", "/metrics", None),
                           ("POST", "/v1/admin/trainings", {}), ("POST", "/v1/admin/models/1/activate", None),
                           ("DELETE", "/v1/admin/jobs/1", None), ("GET", "/v1/recommendations?user=u1", None),
                           ("POST", "/v1/recommendations", {"user": "u1"}), ("POST", "/v1/recommendations", {"requests": [{}, {"user": "u1"}]}),
                           ("POST", "/v1/events", [{"type": "view", "user": "u1", "item": "p"}]), ("GET", "/v1/recommendations?session=s", None),
                           ("POST", "/v1/recommendations", {"session": "s"}), ("POST", "/v1/events", [{"type": "view", "session": "s", "item": "p"}])]
                for method, path, body in guarded:
                    for token in (None, "aisle_" + "A" * 43, "x"):
                        answer = server.ask(method, path, body, key=token)
                        self.assertEqual((answer.status, answer.json["code"]), (401, "authentication_required"), (path, token))
                    self.assertNotIn(server.ask(method, path, body, key=key).status, (401, 403), path)
                for method, path, body in (("GET", "/v1/products", None), ("GET", "/v1/recommendations", None), ("GET", "/healthz", None),
                                           ("POST", "/v1/events", [{"type": "view", "item": "p"}])):
                    self.assertEqual(server.ask(method, path, body).status, 200, path)
                server.key = key
                for job in server.get("/v1/admin/jobs").json["items"]:
                    server.await_job(job["id"])
            finally:
                self.assertEqual(server.stop(), 0)
                server.log.close()


if __name__ == "__main__":
    unittest.main()
