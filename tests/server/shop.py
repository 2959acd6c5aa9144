"""A shop to test against: a generated data folder, a running `aisle serve`, and a small HTTP client.

Every test file makes its shop once, small enough to train in about a second, and copies it for each server.
"""
import atexit
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

AISLE = os.environ.get("AISLE", "build/dev/aisle")
SOURCE = pathlib.Path(os.environ.get("AISLE_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
# Jobs are waited for here, on machines that others use too: not after all of them.
AS_OTHERS = {"AISLE_SERVE_TRAIN_PRIORITY": "normal"}
TRAINING = {"factors": 8, "iterations": 3, "threads": 1}


def run(*args, timeout=120):
    done = subprocess.run([AISLE, *map(str, args)], capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        raise AssertionError(f"aisle {' '.join(map(str, args))}: {done.returncode}\n{done.stderr}")
    return done.stdout


def train(data, **settings):
    args = [a for k, v in {**TRAINING, **settings}.items() for a in (f"--{k.replace('_', '-')}", v)]
    return json.loads(run("train", "--data", data, "--json", *args).splitlines()[-1])["version"]


_template = None


def template():
    """The folder of a shop with products, users, events and one model; made once a process."""
    global _template
    if _template is None:
        top = pathlib.Path(tempfile.mkdtemp(prefix="aisle-server-"))
        atexit.register(shutil.rmtree, top, True)
        run("generate", "--users", 300, "--items", 200, "--events", 6000, "--seed", 5, "--out", top / "files")
        run("import", "--data", top / "data", "--preset", "generated",
            *(top / "files" / f"{n}.csv" for n in ("products", "users", "events")))
        train(top / "data")
        _template = top
    return _template


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """`aisle serve` on a free port. start() again after kill() serves the same folder."""

    def __init__(self, data, *options, env=None):
        self.data, self.options, self.env = pathlib.Path(data), options, env
        self.key = self.log = self.tls = None  # tls: an ssl.SSLContext to connect with
        self.start()

    def start(self):
        if self.log:
            self.log.close()
        self.log = open(self.data.parent / "server.log", "a+")
        self.process = subprocess.Popen(
            [AISLE, "serve", "--data", self.data, "--port", "0", "--loops", "2", *map(str, self.options)],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **AS_OTHERS, **(self.env or {})})
        line = self.process.stdout.readline()
        if not re.match("listening on https?://", line):
            self.process.wait(10)
            raise AssertionError(f"no address but {line!r}\n" + (self.data.parent / "server.log").read_text())
        self.port = int(line.rsplit(":", 1)[1])

    def connection(self, timeout=30):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None, connection=None, key=None):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        if key or self.key:
            headers.setdefault("Authorization", f"Bearer {key or self.key}")
        c = connection or self.connection()
        c.request(method, path, body=body, headers=headers)
        r = c.getresponse()
        answer = Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        if connection is None:
            c.close()
        return answer

    def get(self, path, **query):
        return self.ask("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path, body=None, **kw):
        return self.ask("POST", path, body, **kw)

    def await_closed(self):
        """Waits until the first key, just added, has closed open mode."""
        end = time.monotonic() + 20
        while self.ask("GET", "/v1/admin/jobs", key="x").status != 401:
            assert time.monotonic() < end, "open mode does not end"
            time.sleep(0.05)

    def await_job(self, job, timeout=90):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            got = self.get(f"/v1/admin/jobs/{job}").json
            if got["state"] not in ("queued", "running"):
                return got
            time.sleep(0.05)
        raise AssertionError(f"job {job} does not end: {got}")

    def events(self, job, last=None):
        """The server-sent events of a job to its end: (id, event, data)."""
        c = self.connection(timeout=90)
        c.request("GET", f"/v1/admin/jobs/{job}/events", headers={"Last-Event-ID": str(last)} if last else {})
        r = c.getresponse()
        assert r.status == 200 and r.getheader("Content-Type").startswith("text/event-stream"), r.status
        found, one = [], {}
        for line in r.read().decode().split("\n"):
            line = line.rstrip("\r")
            if not line and one:
                if "data" in one:
                    found.append((int(one.get("id", 0)), one.get("event"), json.loads(one["data"])))
                one = {}
            elif ":" in line and not line.startswith(":"):
                name, value = line.split(":", 1)
                one[name] = value[1:] if value.startswith(" ") else value
        c.close()
        return found

    def kill(self):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()

    def stop(self, timeout=10):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self.process.stdout.close()
        return code


@contextlib.contextmanager
def folder(fresh=False):
    """A data folder of its own: a copy of the template, or an empty place."""
    with tempfile.TemporaryDirectory(prefix="aisle-server-") as top:
        data = pathlib.Path(top) / "data"
        if not fresh:
            shutil.copytree(template() / "data", data)
        yield data


@contextlib.contextmanager
def serving(*options, fresh=False, env=None):
    with folder(fresh) as data:
        server = Server(data, *options, env=env)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait(10)
            if not server.process.stdout.closed:
                server.process.stdout.close()
            server.log.close()
