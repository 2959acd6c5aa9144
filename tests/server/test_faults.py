"""What breaks around the server: a full disk, a locked database, rubbish for a model, bombs for imports, its own end.

Each fault must be answered as described, must leave reading alone, and must be over when its cause is.
"""
import contextlib
import gzip
import json
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest
import zlib

import shop

LONG = {"factors": 256, "iterations": 1000, "solver": "cholesky"}


@contextlib.contextmanager
def small_disk(test, mib):
    """A folder on a disk of its own; skips the test where this user may not mount one."""
    with tempfile.TemporaryDirectory(prefix="aisle-disk-") as top:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", top], capture_output=True, text=True)
        if done.returncode != 0:
            test.skipTest(f"no small disk to fill: {done.stderr.strip()}")
        try:
            yield pathlib.Path(top)
        finally:
            subprocess.run(["umount", "-l", top], check=True)


def events(n, tag):
    return [{"event_id": f"{tag}-{k}", "type": "view", "session": f"{tag}-{k}", "item": "p" * 200} for k in range(n)]


def check_database(test, data):
    with contextlib.closing(sqlite3.connect(data / "aisle.db")) as db:
        test.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])


class Faults(unittest.TestCase):
    def stop(self, server):
        if server.process.poll() is None:
            self.assertEqual(server.stop(), 0)
        server.log.close()

    def reads_are_answered(self, server):
        for path in ("/healthz", "/readyz", "/v1/products", "/v1/trending", "/v1/recommendations?session=s", "/v1/admin/jobs", "/v1/admin/models"):
            answer = server.get(path)
            self.assertEqual(answer.status, 200, (path, answer.body))

    def test_a_full_disk_refuses_writes_and_is_over_when_there_is_room(self):
        with small_disk(self, 24) as disk:
            shutil.copytree(shop.template() / "data", disk / "data")
            server = shop.Server(disk / "data")
            try:
                version = server.get("/v1/recommendations").json["model_version"]
                self.assertEqual(server.post("/v1/events", events(10, "before")).json["stored"], 10)
                with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as f:
                    while f.write(b"\0" * 4096) == 4096:
                        pass
                statuses = [server.post("/v1/events", events(1000, f"full{k}")).status for k in range(30)]
                self.assertLessEqual(set(statuses), {200, 503, 507})  # some may fit into what the log holds already
                self.assertIn(507, statuses)
                self.reads_are_answered(server)
                self.assertEqual(server.post("/v1/admin/imports?kind=events", b"user,item\n" + b"u,p\n" * 100000).status, 507)
                self.assertIn(server.post("/v1/admin/trainings", {"factors": 8}).status, (202, 503, 507))
                (disk / "filler").unlink()
                stored = server.post("/v1/events", events(1000, "after"))
                self.assertEqual((stored.status, stored.json["stored"]), (200, 1000))
                again = server.post("/v1/events", events(10, "before")).json
                self.assertEqual(again["duplicates"], 10)
                for job in server.get("/v1/admin/jobs").json["items"]:
                    server.await_job(job["id"])
                self.assertEqual(list((server.data / "spool").iterdir()), [])
                self.assertGreaterEqual(server.get("/v1/recommendations").json["model_version"], version)
            finally:
                self.stop(server)
            check_database(self, server.data)

    def test_a_model_that_does_not_fit_the_disk_leaves_the_old_one_serving(self):
        with small_disk(self, 8) as disk:
            shutil.copytree(shop.template() / "data", disk / "data")
            server = shop.Server(disk / "data")
            try:
                before = server.get("/v1/recommendations").json["model_version"]
                job = server.post("/v1/admin/trainings", {"factors": 64, "iterations": 300, "solver": "cholesky"}).json["id"]
                with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as f:
                    while f.write(b"\0" * 4096) == 4096:
                        pass
                done = server.await_job(job)
                self.assertEqual(done["state"], "failed", done)
                self.assertIn("space", done["error"].lower())
                self.assertEqual(server.get("/v1/recommendations").json["model_version"], before)
                self.assertEqual([p.name for p in (server.data / "models").glob("*.tmp*")], [])
                (disk / "filler").unlink()
                self.assertEqual(server.await_job(server.post("/v1/admin/trainings", {"factors": 8}).json["id"])["state"], "succeeded")
            finally:
                self.stop(server)

    def test_a_lock_of_another_process_stops_writes_only(self):
        with shop.serving() as server:
            with contextlib.closing(sqlite3.connect(server.data / "aisle.db", isolation_level=None, check_same_thread=False)) as db:
                db.execute("BEGIN IMMEDIATE")
                answers = []
                writers = [threading.Thread(target=lambda k=k: answers.append(server.post("/v1/events", events(2, f"locked{k}")))) for k in range(6)]
                writers.append(threading.Thread(target=lambda: answers.append(server.post("/v1/admin/trainings", {"factors": 8}))))
                for t in writers:
                    t.start()
                while any(t.is_alive() for t in writers):
                    self.reads_are_answered(server)  # each within the client's patience of 30 s, or this fails
                for answer in answers:
                    self.assertEqual((answer.status, answer.json["code"]), (503, "overloaded"), answer.body)
                    self.assertEqual(answer.headers["retry-after"], "1")
                    self.assertNotIn(str(server.data), answer.body.decode())
                db.execute("ROLLBACK")
            self.assertEqual(server.post("/v1/events", events(2, "locked0")).json["stored"], 2)

    def test_sigterm_under_load_cuts_no_answer_and_ends_in_time(self):
        with shop.serving() as server:
            server.post("/v1/admin/trainings", LONG)
            wrong, answered, stop = [], [0], threading.Event()
            ask = {"requests": [{"limit": 100}] * 20}

            def load(k):
                while not stop.is_set():
                    c = server.connection()
                    try:
                        while True:
                            body = ask if k % 2 else events(5, f"{k}-{answered[0]}")
                            answer = server.ask("POST", "/v1/recommendations" if k % 2 else "/v1/events", body, connection=c)
                            if answer.status not in (200, 503):
                                wrong.append(answer.status)
                            answer.json  # whole, or this raises
                            answered[0] += 1
                    except (ConnectionError, shop.http.client.BadStatusLine):
                        pass  # closed between two answers
                    except Exception as e:
                        wrong.append(repr(e))
                    finally:
                        c.close()

            threads = [threading.Thread(target=load, args=(k,)) for k in range(16)]
            for t in threads:
                t.start()
            while answered[0] < 200:
                time.sleep(.02)
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            code = server.process.wait(15)
            took = time.monotonic() - started
            stop.set()
            for t in threads:
                t.join()
            self.assertEqual((code, wrong), (0, []))
            self.assertLess(took, 5.5)
            check_database(self, server.data)
            self.assertEqual([p.name for p in (server.data / "models").glob("*.tmp*")], [])

    def test_rubbish_in_place_of_a_model_is_refused_and_the_old_one_serves(self):
        with shop.serving() as server:
            shop.train(server.data, seed=4)
            self.assertEqual(server.post("/v1/admin/models/2/activate").status, 200)
            before = server.get("/v1/recommendations", limit=20).json["items"]
            good = (server.data / "models" / "000002.aisle").read_bytes()
            for rubbish in (b"", b"x" * 100, good[:-1], good[:4096], good[:200] + bytes([good[200] ^ 1]) + good[201:], good[:-9] + b"\0" * 9 + b"tail"):
                new = server.data / "models" / "new"
                new.write_bytes(rubbish)
                new.replace(server.data / "models" / "000002.aisle")
                self.assertEqual(server.post("/v1/admin/models/2/activate").status, 422)
                self.assertEqual(server.get("/v1/recommendations", limit=20).json["items"], before)
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.get("/v1/recommendations").json["model_version"], 1)

    def test_a_server_killed_at_random_moments_starts_clean(self):
        r = random.Random(7)
        table = (shop.template() / "files" / "events.csv").read_bytes()
        with shop.serving() as server:
            for k in range(5):
                server.post("/v1/admin/trainings", {"factors": 16, "iterations": 100})
                server.post("/v1/admin/imports?kind=events&preset=generated", table)
                time.sleep(r.random() * .8)
                server.kill()
                time.sleep(.2)  # the children's end
                server.start()
                self.reads_are_answered(server)
                for job in server.get("/v1/admin/jobs").json["items"]:
                    self.assertIn(job["state"], ("succeeded", "failed"))
                self.assertEqual([p.name for p in (server.data / "models").glob("*.tmp*")], [])
                self.assertEqual(list((server.data / "spool").iterdir()), [])
            done = server.await_job(server.post("/v1/admin/imports?kind=events&preset=generated", table).json["id"])
            self.assertEqual(done["state"], "succeeded", done)
            self.stop(server)
            check_database(self, server.data)


class Imports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving(fresh=True)
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def bring(self, body, query="kind=events&event_type=view"):
        answer = self.server.post("/v1/admin/imports?" + query, body)
        self.assertEqual(answer.status, 202, answer.body)
        done = self.server.await_job(answer.json["id"])
        self.assertEqual(list((self.server.data / "spool").iterdir()), [])
        self.assertEqual(self.server.get("/healthz").status, 200)
        return done

    @staticmethod
    def bomb(head, line, times):
        """gzip of a small text that becomes a large one."""
        z = zlib.compressobj(9, wbits=31)
        block = line * (1 << 20 >> 4)
        out = z.compress(head)
        for _ in range(times):
            out += z.compress(block)
        return out + z.flush()

    def test_bombs_end_as_counted_rows(self):
        endless = self.bomb(b"user,item,time\n", b"x" * 16, 100)  # one line of 100 MiB
        done = self.bring(endless)
        self.assertEqual((done["state"], done["result"]["events"], done["result"]["reasons"]["unreadable"]["dropped"]), ("succeeded", 0, 1), done)
        rows = self.bomb(b"user,item,time\n", b"u,p,1600000000\n", 10)  # 655,360 rows that are all the same
        done = self.bring(rows)
        self.assertEqual(done["state"], "succeeded", done)
        self.assertEqual(done["result"]["events"], 1)

    def test_what_is_no_table_fails_with_a_reason(self):
        good = gzip.compress(b"user,item,time\n" + b"u,p,1600000000\n" * 1000)
        forms = ("csv", "tsv", "jsonl", "json-map", "adjacency")
        bodies = (b"", b"\0" * 10000, b"PK\x03\x04" + b"x" * 1000, good[:-20], good[:20], b"\x28\xb5\x2f\xfd" + b"\xff" * 100, b"\xff\xfe" * 1000,
                     b"user,item\n\"open quote " + b"x,y\n" * 10000, b"{\"a\":" * 100000, b"<html></html>", bytes(range(256)) * 100)
        for k, body in enumerate(bodies):
            for form in ("auto", forms[k % len(forms)]):
                answer = self.server.post(f"/v1/admin/imports?kind=events&event_type=view&format={form}", body)
                if not body:
                    self.assertEqual(answer.status, 422, answer.body)
                    continue
                self.assertEqual(answer.status, 202, answer.body)
                done = self.server.await_job(answer.json["id"])
                self.assertIn(done["state"], ("failed", "succeeded"))
                if done["state"] == "failed":
                    self.assertTrue(done["error"])
                    self.assertNotIn("signal", done["error"], (form, body[:30]))
        self.assertEqual(list((self.server.data / "spool").iterdir()), [])

    def test_maps_and_presets_name_no_files(self):
        for query, status in (("kind=events&preset=../../etc/passwd", 422), ("kind=events&preset=/etc/passwd", 422), ("kind=events&map=../../etc/passwd", 202),
                              ("kind=events&map=user%3D/etc/passwd,item%3D/etc/shadow", 202), ("kind=events&map=--rejects", 202), ("kind=events&map=" + "a" * 2001, 422),
                              ("kind=events&map=%2C%2C%3D%3D", 202), ("kind=../events", 422)):
            answer = self.server.post(f"/v1/admin/imports?{query}&event_type=view", b"user,item\nu,p\n")
            self.assertEqual(answer.status, status, (query, answer.body))
            if status == 202:
                done = self.server.await_job(answer.json["id"])
                self.assertEqual(done["state"], "failed", (query, done))
                self.assertNotIn("root:", json.dumps(done))


if __name__ == "__main__":
    unittest.main()
