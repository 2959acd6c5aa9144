"""What a slow, idle, greedy or hostile client may cost: time, memory, descriptors, log lines. And the drain."""
import os
import socket
import threading
import time
import unittest

from wire import LINE, Case, Server, Wire, wait_until

HELLO = LINE + b"\r\n"


def drip(wire, data, every=0.05):
    """Sends byte by byte until the peer answers or closes; True when it did before the data ended."""
    wire.socket.setblocking(False)
    try:
        for i in range(len(data)):
            try:
                wire.socket.send(data[i:i + 1])
                time.sleep(every)
                wire.rest += wire.socket.recv(65536)
                return True
            except BlockingIOError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                return True
        return False
    finally:
        wire.socket.settimeout(10)


class Deadlines(Case):
    flags = ("-h", "400", "-b", "500", "-i", "600")

    def test_a_head_that_drips_is_cut_at_the_absolute_deadline(self):
        with self.server.connect() as wire:
            self.assertTrue(drip(wire, LINE + b"A: " + b"x" * 1000))
            self.assertEqual(wire.reply().status, 408)
            self.assertTrue(wire.closed())

    def test_a_body_that_drips_is_cut_although_bytes_keep_coming(self):
        with self.server.connect() as wire:
            wire.send(b"POST /echo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            self.assertTrue(drip(wire, b"x" * 1000))
            self.assertEqual(wire.reply().status, 408)
            self.assertTrue(wire.closed())

    def test_a_body_at_the_minimum_rate_is_not_cut(self):
        with self.server.connect() as wire:
            wire.send(b"POST /echo/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
            for _ in range(10):
                time.sleep(0.1)  # 1 s in all, twice the fixed part
                wire.send(b"x" * 50000)
            self.assertEqual(wire.reply().status, 200)

    def test_idle_connections_are_closed_without_a_word(self):
        for first in (b"", HELLO):
            with self.server.connect() as wire:
                if first:
                    self.assertEqual(wire.send(first).reply().status, 200)
                self.assertTrue(wire.closed())

    def test_the_idle_time_begins_anew_after_each_answer(self):
        with self.server.connect() as wire:
            for _ in range(4):
                self.assertEqual(wire.send(HELLO).reply().status, 200)
                time.sleep(0.3)
            self.assertEqual(wire.send(HELLO).reply().status, 200)

    def test_a_deferred_answer_may_take_longer_than_every_deadline_of_the_client(self):
        with self.server.connect() as wire:
            wire.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n" * 4)
            self.assertEqual([wire.reply().status for _ in range(4)], [200] * 4)

    def test_a_client_that_does_not_read_is_cut(self):
        with self.server.connect() as wire:
            wire.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
            self.assertTrue(wait_until(lambda: self.cut() > 0, 30))

    def cut(self):
        with self.server.connect() as wire:
            text = wire.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").reply().body.decode()
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return int(lines["aisle_http_cut_total"])


class Memory(Case):
    def test_a_pipeliner_that_never_reads_does_not_grow_the_server(self):
        with self.server.connect() as wire:  # warm up: buffers and arenas of the usual size
            wire.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
            for _ in range(20):
                wire.reply()
        before = self.server.memory()
        with self.server.connect() as wire:
            wire.socket.setblocking(False)
            data, sent, end = b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 1000, 0, time.monotonic() + 10
            while time.monotonic() < end and sent < 64 << 20:
                try:
                    sent += wire.socket.send(data)
                except BlockingIOError:
                    if sent and time.monotonic() > end - 9:
                        break
                    time.sleep(0.05)
            self.assertLess(self.server.memory() - before, 4 << 20, f"{sent} bytes were taken")
        self.assertEqual(self.ask(HELLO).status, 200)

    def test_a_stream_that_nobody_reads_is_cut(self):
        before = self.server.memory()
        with self.server.connect() as wire:
            wire.send(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertTrue(wait_until(lambda: "closed" in self.server.log_text()), "the flood goes on")
            self.assertLess(self.server.memory() - before, 4 << 20)

    def test_a_stream_learns_that_its_reader_has_gone(self):
        with self.server.connect() as wire:
            wire.send(b"GET /open-stream HTTP/1.1\r\nHost: a\r\nX-Request-Id: reader\r\n\r\n")
            while b"open" not in wire.rest:
                self.assertTrue(wire.more())
        self.assertTrue(wait_until(lambda: "stream reader closed" in self.server.log_text()))

    @unittest.skipIf(os.environ.get("SANITIZED"), "a sanitizer's allocator pads every block")
    def test_idle_connections_are_cheap(self):
        wires = [self.server.connect() for _ in range(100)]
        self.assertEqual([w.send(HELLO).reply().status for w in wires], [200] * 100)
        before = self.server.memory()
        more = [self.server.connect() for _ in range(700)]
        self.assertEqual([w.send(HELLO).reply().status for w in more], [200] * 700)
        grown = self.server.memory() - before
        for w in wires + more:
            w.socket.close()
        self.assertLess(grown / 700, 8192)


class Descriptors(Case):
    files = 256

    def test_more_connections_than_descriptors_neither_spin_nor_harm(self):
        wires = [self.server.connect() for _ in range(400)]
        for w in wires:
            w.send(HELLO)
        time.sleep(0.3)
        cpu = self.server.cpu_seconds()
        time.sleep(2)
        self.assertLess(self.server.cpu_seconds() - cpu, 0.1)  # low: a spin gets little on a busy machine
        lines = self.server.log_text().splitlines()
        self.assertGreater(len(lines), 0)
        self.assertLessEqual(len(lines), 40)
        for w in wires[:250]:
            w.socket.close()
        for w in wires[250:]:  # those that waited get their turn
            self.assertEqual(w.reply().status, 200)
            w.socket.close()
        self.assertEqual(self.ask(HELLO).status, 200)


class Cap(Case):
    flags = ("-c", "10", "-l", "2")

    def test_connections_beyond_the_cap_wait_for_a_place(self):
        wires = [self.server.connect() for _ in range(10)]
        self.assertEqual([w.send(HELLO).reply().status for w in wires], [200] * 10)
        with self.server.connect() as late:
            late.send(HELLO)
            late.socket.settimeout(0.3)
            self.assertRaises(socket.timeout, late.more)
            wires.pop().socket.close()
            late.socket.settimeout(10)
            self.assertEqual(late.reply().status, 200)
        for w in wires:
            w.socket.close()


class Drain(unittest.TestCase):
    def test_requests_in_flight_get_their_whole_answer_and_idle_ones_are_closed(self):
        server = Server("-l", "2")
        busy, idle, stream, big = (Wire(server.port) for _ in range(4))
        idle.send(HELLO).reply()
        stream.send(b"GET /open-stream HTTP/1.1\r\nHost: a\r\n\r\n")
        while b"open" not in stream.rest:
            stream.more()
        big.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 3).more()
        busy.send(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.1)
        server.terminate()
        self.assertTrue(idle.closed())
        reply = busy.reply()
        self.assertEqual((reply.status, reply["connection"], reply.json()["late"]), (200, "close", True))
        self.assertEqual(len(big.reply().body), 200000)
        while stream.more():
            pass
        for wire in (busy, idle, stream, big):
            wire.socket.close()
        self.assertEqual(server.stop(), 0)

    def test_answers_under_load_are_never_truncated(self):
        server = Server("-l", "2")
        answered, broken = [0], []

        def load():
            try:
                while True:
                    with Wire(server.port) as wire:
                        for _ in range(50):
                            wire.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
                            while not wire.rest:
                                if not wire.more():
                                    return  # closed between two answers: allowed
                            try:
                                answered[0] += len(wire.reply().body) == 200000
                            except EOFError as e:
                                broken.append(str(e)[:80])
            except OSError:
                pass

        threads = [threading.Thread(target=load) for _ in range(8)]
        for t in threads:
            t.start()
        self.assertTrue(wait_until(lambda: answered[0] > 100))
        code = server.stop()
        for t in threads:
            t.join()
        self.assertEqual((code, broken), (0, []))

    def test_a_client_that_never_reads_does_not_hold_up_the_end(self):
        server = Server()
        with Wire(server.port) as wire:
            wire.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n" * 100)
            time.sleep(0.2)
            self.assertEqual(server.stop(), 0)

    def test_a_port_in_use_is_named(self):
        first = Server("-l", "2")
        with self.assertRaises(RuntimeError) as e:
            Server("-l", "2", "-p", str(first.port))
        self.assertIn(f"port {first.port} of 127.0.0.1 is in use", str(e.exception))
        self.assertEqual(first.stop(), 0)


if __name__ == "__main__":
    unittest.main()
