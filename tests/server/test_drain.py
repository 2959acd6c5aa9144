"""SIGTERM under load: every answer that has begun ends whole, the exit is 0 and in time, the database is folded in."""
import http.client
import signal
import socket
import sqlite3
import tempfile
import threading
import time
import unittest

import shop
import test_tls

CONNECTIONS = 64


class Drain(unittest.TestCase):
    def load(self, server, worker, found, stopping):
        """Asks until the server is gone. An answer cut short raises IncompleteRead, and ends up in `found`."""
        c, n = server.connection(), 0
        while True:
            try:
                n += 1
                if worker % 4 == 0:
                    answer = server.ask("POST", "/v1/events", [{"event_id": f"{worker}-{n}", "type": "view", "session": "s", "item": "p"}], connection=c)
                else:
                    answer = server.ask("GET", "/v1/products?limit=100", connection=c)
                if answer.status == 200 and worker % 4 == 0:
                    found["acknowledged"].append(f"{worker}-{n}")
                if answer.status == 200 and worker % 4:
                    assert len(answer.json["items"]) == 100
                if answer.status not in (200, 503):
                    found["faults"].append(answer.status)
                found["answers"] += 1
                if answer.headers.get("connection") == "close":
                    c.close()
                    c = server.connection()
            except (http.client.IncompleteRead, ValueError, AssertionError) as e:
                found["faults"].append(repr(e))
                return
            except (http.client.HTTPException, OSError) as e:  # refused, or closed before an answer began
                if not stopping.is_set():
                    found["faults"].append(repr(e))
                return

    def drained(self, server, train):
        found, stopping = {"answers": 0, "faults": [], "acknowledged": []}, threading.Event()
        threads = [threading.Thread(target=self.load, args=(server, w, found, stopping)) for w in range(CONNECTIONS)]
        if train:
            self.assertEqual(server.post("/v1/admin/trainings", {"factors": 256, "iterations": 1000}).status, 202)
        for t in threads:
            t.start()
        time.sleep(.7)
        stopping.set()
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(30)
        took = time.monotonic() - started
        for t in threads:
            t.join()
        self.assertEqual(code, 0)
        self.assertLess(took, 5.5)  # promised: 5 s
        self.assertEqual(found["faults"], [])
        self.assertGreater(found["answers"], CONNECTIONS)
        wal = server.data / "aisle.db-wal"
        self.assertTrue(not wal.exists() or wal.stat().st_size == 0)
        db = sqlite3.connect(server.data / "aisle.db")
        self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
        stored = db.execute("SELECT count(*) FROM events e JOIN sessions s ON s.id = e.session_id WHERE s.ext = 's'").fetchone()[0]
        db.close()
        self.assertGreaterEqual(stored, len(found["acknowledged"]))

    def test_answers_that_are_being_read_slowly_end_whole(self):
        with shop.serving(fresh=True) as server:
            whole, readers = server.get("/docs").body, []
            for _ in range(8):
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # most of the answer waits in the server
                s.settimeout(20)
                s.connect(("127.0.0.1", server.port))
                s.sendall(b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
                readers.append((s, s.recv(1000)))
            server.process.send_signal(signal.SIGTERM)
            time.sleep(.3)
            for s, got in readers:
                while chunk := s.recv(65536):
                    got += chunk
                s.close()
                head, rest = got.split(b"\r\n\r\n", 1)
                self.assertIn(b"HTTP/1.1 200 ", head)
                self.assertEqual(rest[:len(whole)], whole)
                after = rest[len(whole):]  # answers that had begun are whole, too
                while after:
                    _, after = after.split(b"\r\n\r\n", 1)
                    self.assertEqual(after[:len(whole)], whole)
                    after = after[len(whole):]
            self.assertEqual(server.process.wait(10), 0)

    def test_under_load_and_a_training(self):
        with shop.serving() as server:
            self.drained(server, train=True)

    def test_under_load_over_tls(self):
        with tempfile.TemporaryDirectory() as top:
            cert, key = test_tls.certificate(top, "drain")
            with shop.serving("--tls-cert", cert, "--tls-key", key) as server:
                server.tls = test_tls.trusting(cert)
                self.drained(server, train=False)


if __name__ == "__main__":
    unittest.main()
