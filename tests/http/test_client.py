"""Who the client is: its address behind trusted proxies, and whether it speaks TLS; and the handshake's deadline."""
import pathlib
import ssl
import subprocess
import tempfile
import time
import unittest

from wire import LINE, Case, wait_until


class Forwarded(Case):
    flags = ("-x", "127.0.0.0/8, 10.1.0.0/16,2001:db8::/33", "-o")

    def client(self, *fields):
        return self.get("/client", *fields).json()

    def test_the_nearest_address_that_is_no_proxy_is_the_client(self):
        for value, address in (("203.0.113.7", "203.0.113.7"), ("1.2.3.4, 203.0.113.7", "203.0.113.7"),
                               ("203.0.113.7, 10.1.2.3", "203.0.113.7"), ("203.0.113.7,10.2.0.1", "10.2.0.1"),
                               ("2001:db8:8000::1", "2001:db8:8000::1"), ("[2001:db9::1]:443", "2001:db9::1"),
                               ("198.51.100.1, 2001:db8:7fff::9", "198.51.100.1"), ("203.0.113.7:8080", "203.0.113.7"),
                               ("::ffff:203.0.113.7", "203.0.113.7"), ("10.1.2.3", "10.1.2.3")):
            self.assertEqual(self.client("X-Forwarded-For: " + value)["address"], address, value)

    def test_what_is_no_address_ends_the_walk_at_the_last_proxy(self):
        for value in ("unknown", "", "1.2.3", "1.2.3.4.5", "203.0.113.7, unknown", "999.1.1.1", "[::1", "1.2.3.4:x", "x" * 4000):
            self.assertEqual(self.client("X-Forwarded-For: " + value)["address"], "127.0.0.1", value)
        self.assertEqual(self.client("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: unknown")["address"], "127.0.0.1")

    def test_several_fields_are_one_list(self):
        self.assertEqual(self.client("X-Forwarded-For: 1.2.3.4, 203.0.113.7", "X-Forwarded-For: 10.1.0.1")["address"], "203.0.113.7")

    def test_the_proxy_says_what_the_client_speaks(self):
        self.assertTrue(self.client("X-Forwarded-Proto: https")["secure"])
        self.assertFalse(self.client("X-Forwarded-Proto: http")["secure"])
        self.assertEqual(self.get("/client", "X-Forwarded-Proto: https")["strict-transport-security"], "max-age=31536000")


class Strangers(Case):
    flags = ("-x", "10.0.0.0/8", "-o")

    def test_what_a_stranger_says_of_others_is_not_believed(self):
        got = self.get("/client", "X-Forwarded-For: 203.0.113.7", "X-Forwarded-Proto: https").json()
        self.assertEqual(got, {"address": "127.0.0.1", "secure": False})


class Handshake(Case):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory()
        cert, key = (pathlib.Path(cls.top.name) / n for n in ("c", "k"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        cls.context = ssl.create_default_context(cafile=cert)
        cls.flags = ("-C", cert, "-K", key, "-h", "400", "-i", "30000", "-o")
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.top.cleanup()

    def cut(self):
        with self.server.connect() as wire:
            wire.socket = self.context.wrap_socket(wire.socket, server_hostname="127.0.0.1")
            body = wire.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").reply().body.decode()
        return int(body.split("aisle_http_cut_total ")[-1].split()[0])

    def test_a_handshake_that_does_not_come_is_cut_at_the_head_s_deadline(self):
        before = self.cut()
        for first in (b"", b"\x16\x03\x01\x02\x00\x01"):
            with self.server.connect() as wire:
                wire.send(first)
                self.assertTrue(wire.closed())  # within the 10 s of wire.py, so not at the deadline of idle connections
        self.assertTrue(wait_until(lambda: self.cut() == before + 2))

    def test_a_handshake_that_drips_is_cut_although_bytes_keep_coming(self):
        with self.server.connect() as wire:
            end = time.monotonic() + 5
            try:
                wire.send(b"\x16\x03\x01\x02\x00")
                while time.monotonic() < end:
                    wire.send(b"\x01")
                    time.sleep(.05)
                self.fail("not cut")
            except OSError:
                pass

    def test_after_the_handshake_deadlines_are_as_ever(self):
        with self.server.connect() as wire:
            wire.socket = self.context.wrap_socket(wire.socket, server_hostname="127.0.0.1")
            time.sleep(.7)  # longer than a head may take: an idle connection may wait
            self.assertEqual(wire.send(LINE + b"\r\n").reply().status, 200)
            wire.send(LINE)
            self.assertEqual(wire.reply().status, 408)


if __name__ == "__main__":
    unittest.main()
