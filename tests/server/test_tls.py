"""TLS: what is spoken and what is refused, the certificate's replacement while serving, and who a proxy speaks for."""
import contextlib
import pathlib
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import shop


def certificate(folder, name, kind="ec"):
    """A self-made certificate for loopback: (certificate, key)."""
    cert, key = pathlib.Path(folder) / f"{name}.crt", pathlib.Path(folder) / f"{name}.key"
    how = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-newkey", "rsa:2048"]
    subprocess.run(["openssl", "req", "-x509", *how, "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
    return cert, key


def trusting(*certs, most=None, ciphers=None):
    context = ssl.create_default_context()
    for c in certs:
        context.load_verify_locations(c)
    if most:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = most
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(.02)
    return True


def raw(port, data):
    """What a plain socket gets for these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(data)
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := s.recv(65536):
                got += chunk
        return got


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory(prefix="aisle-tls-")
        cls.cert, cls.key = certificate(cls.top.name, "first")
        cls.scope = shop.serving("--tls-cert", cls.cert, "--tls-key", cls.key)
        cls.server = cls.scope.__enter__()
        cls.server.tls = trusting(cls.cert)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.scope.__exit__(None, None, None)
        cls.top.cleanup()
        assert code == 0, code

    def test_answers_are_the_same_over_tls_and_say_that_it_stays(self):
        answer = self.server.get("/v1/products", limit=100)
        self.assertEqual(answer.status, 200)
        self.assertEqual(len(answer.json["items"]), 100)
        self.assertIn("max-age=", answer.headers["strict-transport-security"])
        c = self.server.connection()
        for n in range(50):  # one connection, bodies beyond one record
            self.assertEqual(self.server.ask("GET", "/v1/products?limit=100", connection=c).status, 200)
        c.close()

    def test_plain_answers_carry_no_such_promise(self):
        with shop.serving(fresh=True) as plain:
            self.assertNotIn("strict-transport-security", plain.get("/healthz").headers)

    def test_a_large_body_arrives_whole(self):
        events = [{"event_id": f"tls-{n}", "type": "view", "session": "s" * 200, "item": "p" * 200} for n in range(1000)]
        self.assertEqual(self.server.post("/v1/events", events).json["stored"], 1000)

    def test_pipelined_requests_are_answered_in_order(self):
        with self.server.tls.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), 10), server_hostname="127.0.0.1") as s:
            s.sendall(b"".join(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: n%d\r\n\r\n" % n for n in range(200)) +
                      b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            got = b""
            while chunk := s.recv(65536):  # ends with close_notify: anything less is an exception
                got += chunk
        at = [got.index(b"X-Request-Id: n%d\r" % n) for n in range(200)]
        self.assertEqual(at, sorted(at))
        self.assertEqual(got.count(b"HTTP/1.1 200 OK"), 201)

    def test_old_protocols_and_weak_ciphers_are_refused(self):
        for context in (trusting(self.cert, most=ssl.TLSVersion.TLSv1_1, ciphers="ALL:@SECLEVEL=0"),
                        trusting(self.cert, most=ssl.TLSVersion.TLSv1_2, ciphers="AES128-SHA:AES256-SHA256:@SECLEVEL=0"),
                        trusting(self.cert, most=ssl.TLSVersion.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                with context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), 10), server_hostname="127.0.0.1"):
                    pass
        for most in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = trusting(self.cert, most=most)
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), 10), server_hostname="127.0.0.1") as s:
                self.assertEqual(s.version(), "TLSv1.2" if most == ssl.TLSVersion.TLSv1_2 else "TLSv1.3")

    def test_only_http_1_1_is_agreed_on(self):
        context = trusting(self.cert)
        context.set_alpn_protocols(["h2", "http/1.1"])
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), 10), server_hostname="127.0.0.1") as s:
            self.assertEqual(s.selected_alpn_protocol(), "http/1.1")
        context.set_alpn_protocols(["h2"])
        with self.assertRaises(ssl.SSLError):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), 10), server_hostname="127.0.0.1"):
                pass

    def test_what_is_not_tls_gets_no_answer_and_does_no_harm(self):
        for data in (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 5000, b"\0" * 100000):
            self.assertNotIn(b"HTTP/1.1 200", raw(self.server.port, data))
        self.assertEqual(self.server.get("/healthz").status, 200)

    def test_a_client_that_goes_without_a_word_is_no_harm(self):
        for _ in range(20):
            s = self.server.tls.wrap_socket(socket.create_connection(("127.0.0.1", self.server.port), 10), server_hostname="127.0.0.1")
            s.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab")
            socket.socket(fileno=s.detach()).close()
        self.assertEqual(self.server.get("/healthz").status, 200)


class Renewal(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.TemporaryDirectory(prefix="aisle-tls-")
        self.addCleanup(self.top.cleanup)
        self.cert, self.key = certificate(self.top.name, "first")
        self.second = certificate(self.top.name, "second", "rsa")

    def name(self, server):
        context = trusting(self.cert, self.second[0])
        with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), 10), server_hostname="127.0.0.1") as s:
            return dict(part[0] for part in s.getpeercert()["subject"])["commonName"]

    def hang_up(self, server, word):
        before = (server.data.parent / "server.log").read_text().count("SIGHUP")
        server.process.send_signal(signal.SIGHUP)
        log = server.data.parent / "server.log"
        self.assertTrue(wait_for(lambda: log.read_text().count("SIGHUP") > before), log.read_text())
        self.assertIn(word, [line for line in log.read_text().splitlines() if "SIGHUP" in line][-1])

    def test_new_files_serve_new_connections_and_bad_ones_change_nothing(self):
        live, live_key = pathlib.Path(self.top.name) / "live.crt", pathlib.Path(self.top.name) / "live.key"
        live.write_bytes(self.cert.read_bytes())
        live_key.write_bytes(self.key.read_bytes())
        with shop.serving("--tls-cert", live, "--tls-key", live_key, fresh=True) as server:
            server.tls = trusting(self.cert, self.second[0])
            held = server.connection()
            self.assertEqual(server.ask("GET", "/healthz", connection=held).status, 200)
            self.assertEqual(self.name(server), "first")
            for cert, key in ((b"", b""), (b"nonsense", self.key.read_bytes()), (self.second[0].read_bytes(), self.key.read_bytes()),
                              (self.cert.read_bytes(), b"nonsense")):
                live.write_bytes(cert)
                live_key.write_bytes(key)
                self.hang_up(server, "the old certificate stays")
                self.assertEqual(self.name(server), "first")
            live.write_bytes(self.second[0].read_bytes())
            live_key.write_bytes(self.second[1].read_bytes())
            self.hang_up(server, "serve new connections")
            self.assertEqual(self.name(server), "second")
            self.assertEqual(server.ask("GET", "/healthz", connection=held).status, 200)  # begun before, goes on
            held.close()
            self.assertEqual(server.stop(), 0)

    def test_reloading_under_load_drops_nothing(self):
        with shop.serving("--tls-cert", self.cert, "--tls-key", self.key, fresh=True) as server:
            server.tls = trusting(self.cert)
            failures, stop = [], threading.Event()

            def ask():
                while not stop.is_set():
                    try:
                        if server.get("/healthz").status != 200:
                            failures.append("status")
                    except OSError as e:
                        failures.append(repr(e))

            threads = [threading.Thread(target=ask) for _ in range(3)]
            for t in threads:
                t.start()
            for _ in range(20):
                self.hang_up(server, "serve new connections")
            stop.set()
            for t in threads:
                t.join()
            self.assertEqual(failures, [])

    def test_wrong_files_and_half_a_pair_are_named_at_the_start(self):
        for args, code, word in ((("--tls-cert", self.cert), 2, "--tls-key"), (("--tls-key", self.key), 2, "--tls-cert"),
                                 (("--tls-cert", "/no/such", "--tls-key", self.key), 1, "/no/such"),
                                 (("--tls-cert", self.cert, "--tls-key", self.second[1]), 1, "second.key"),
                                 (("--tls-cert", self.key, "--tls-key", self.key), 1, "first.key"),
                                 (("--trusted-proxies", "10.0.0.0/33"), 1, "10.0.0.0/33")):
            with tempfile.TemporaryDirectory() as data:
                done = subprocess.run([shop.AISLE, "serve", "--data", data, "--port", "0", *map(str, args)],
                                      capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, code, (args, done.stderr))
                self.assertIn(word, done.stderr)

    def test_a_key_with_a_pass_phrase_is_refused_without_asking(self):
        locked = pathlib.Path(self.top.name) / "locked.key"
        subprocess.run(["openssl", "ec", "-in", self.key, "-out", locked, "-aes256", "-passout", "pass:x"], check=True, capture_output=True)
        with tempfile.TemporaryDirectory() as data:
            done = subprocess.run([shop.AISLE, "serve", "--data", data, "--port", "0", "--tls-cert", self.cert, "--tls-key", locked],
                                  capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 1)
            self.assertIn("locked.key", done.stderr)


if __name__ == "__main__":
    unittest.main()
