"""What the black-box tests share: a server started on a free port, and raw sockets that speak exact bytes."""
import json
import os
import resource
import socket
import subprocess
import tempfile
import time
import unittest

LINE = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n"


class Server:
    """echo_server with the given flags, in a scratch folder, with a descriptor limit if one is named."""

    def __init__(self, *flags, files=None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        self.ending = False
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen([os.environ["ECHO_SERVER"], "-s", self.folder.name, *flags],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        preexec_fn=limit)
        line = self.process.stdout.readline().split()
        if len(line) != 2:
            self.process.wait(20)
            text = self.log_text()
            self.stop()
            raise RuntimeError("the server did not start: " + text)
        self.port = int(line[1])

    def log_text(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def memory(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def terminate(self):
        """SIGTERM, once: a second one would end it at once."""
        if self.process.poll() is None and not self.ending:
            self.process.terminate()
        self.ending = True

    def stop(self):
        self.terminate()
        code = self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()
        return code

    def connect(self):
        return Wire(self.port)


class Reply:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def __getitem__(self, name):
        return dict(self.fields).get(name.lower())

    def json(self):
        return json.loads(self.body)


class Wire:
    """One connection. Replies are read by their framing, so that what follows them is still there."""

    def __init__(self, port, timeout=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.settimeout(timeout)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.rest += data
        return data

    def reply(self, head=False):
        while b"\r\n\r\n" not in self.rest:
            if not self.more():
                raise EOFError(f"the connection closed after {self.rest!r}")
        top, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = top.decode("latin-1").split("\r\n")
        fields = [(n.lower(), v.strip()) for n, v in (line.split(":", 1) for line in lines[1:])]
        status, named = int(lines[0].split()[1]), dict(fields)
        body = b""
        if not head and status not in (100, 204, 304):
            if "content-length" in named:
                n = int(named["content-length"])
                while len(self.rest) < n:
                    if not self.more():
                        raise EOFError("a truncated body")
                body, self.rest = self.rest[:n], self.rest[n:]
            else:
                while self.more():
                    pass
                body, self.rest = self.rest, b""
        return Reply(status, fields, body)

    def closed(self):
        """True when the server closes now, and sends nothing more."""
        return not self.rest and self.more() == b""


def wait_until(condition, seconds=10):
    """Polls, so that no test depends on how fast the machine is; False after a generous while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Case(unittest.TestCase):
    """One server for all tests of a class, made with `flags`; it must still be well at the end."""
    flags = ()
    files = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.flags, files=cls.files)

    @classmethod
    def tearDownClass(cls):
        if cls.server.process.poll() is not None:
            raise AssertionError("the server died: " + cls.server.log_text())
        code = cls.server.stop()
        if code != 0:
            raise AssertionError(f"the server ended with {code}")

    def ask(self, data, head=False):
        with self.server.connect() as wire:
            return wire.send(data).reply(head)

    def get(self, target, *fields, method="GET"):
        lines = "".join(f + "\r\n" for f in ("Host: localhost",) + fields)
        return self.ask(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"), method == "HEAD")

    def refused(self, data, status):
        """The answer is a problem of this status and the connection closes: what follows is never a request."""
        with self.server.connect() as wire:
            wire.send(data)
            reply = wire.reply()
            self.assertEqual(reply.status, status, data)
            self.assertEqual(reply["connection"], "close", data)
            self.assertEqual(reply["content-type"], "application/problem+json")
            self.assertEqual(reply.json()["status"], status)
            self.assertTrue(wire.closed(), f"more was answered after {data!r}: {wire.rest!r}")
