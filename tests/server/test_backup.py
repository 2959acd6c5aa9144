"""Backup of a shop that is served and written to, and restore: whole, checked, and never over something."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import unittest

import shop


def aisle(*args):
    return subprocess.run([shop.AISLE, *map(str, args)], capture_output=True, text=True, timeout=120)


def tree(path):
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(pathlib.Path(path).rglob("*")) if p.is_file()}


class Backup(unittest.TestCase):
    def setUp(self):
        self.top = tempfile.TemporaryDirectory(prefix="aisle-backup-")
        self.addCleanup(self.top.cleanup)
        self.place = pathlib.Path(self.top.name)

    def refused(self, done, word, code=1):
        self.assertEqual(done.returncode, code, done)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertIn(word, done.stderr)

    def nothing_left(self, *names):
        self.assertEqual(sorted(os.listdir(self.place)), sorted(names))

    def test_a_shop_that_is_written_to_is_backed_up_as_of_one_moment_and_restored(self):
        with shop.serving() as server:
            acknowledged, stop = [], threading.Event()

            def write():
                c, n = server.connection(), 0
                while not stop.is_set():
                    ids = [f"w-{n}-{k}" for k in range(20)]
                    n += 1
                    events = [{"event_id": i, "type": "view", "session": "w", "item": "p"} for i in ids]
                    if server.ask("POST", "/v1/events", events, connection=c).status == 200:
                        acknowledged.append(len(ids) * n)
                c.close()

            writer = threading.Thread(target=write)
            writer.start()
            while len(acknowledged) < 5:
                pass
            before = acknowledged[-1]
            done = aisle("backup", "--data", server.data, "--out", self.place / "b", "--json")
            after = acknowledged[-1] + 20
            stop.set()
            writer.join()
            self.assertEqual(done.returncode, 0, done.stderr)
            told = json.loads(done.stdout.splitlines()[-1])
            self.assertEqual((told["model"]["version"], told["folder"]), (1, str(self.place / "b")))
            self.assertEqual(json.loads((self.place / "b" / "backup.json").read_text())["database"], told["database"])
            model = (server.data / "models" / "000001.aisle").read_bytes()
            self.assertEqual(server.get("/healthz").status, 200)
        self.nothing_left("b")
        self.assertEqual(sorted(tree(self.place / "b")), ["aisle.db", "backup.json", "models/000001.aisle", "models/current"])
        backed_up = tree(self.place / "b")
        done = aisle("restore", "--from", self.place / "b", "--data", self.place / "again", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["model_version"], 1)
        self.assertEqual(tree(self.place / "b"), backed_up)  # restoring reads only
        self.assertEqual((self.place / "again" / "models" / "000001.aisle").read_bytes(), model)
        db = sqlite3.connect(self.place / "again" / "aisle.db")
        stored = db.execute("SELECT count(*) FROM events e JOIN sessions s ON s.id = e.session_id WHERE s.ext = 'w'").fetchone()[0]
        db.close()
        self.assertGreaterEqual(stored, before)
        self.assertLessEqual(stored, after)
        self.assertEqual(stored % 20, 0)  # of one moment: no half of a request
        server = shop.Server(self.place / "again")
        try:
            self.assertEqual(server.get("/readyz").json, {"ready": True, "checks": {"store": "ok", "model": "ok"}})
            self.assertEqual(len(server.get("/v1/products", limit=100).json["items"]), 100)
        finally:
            self.assertEqual(server.stop(), 0)
            server.log.close()

    def test_a_backup_is_a_data_folder_too_and_a_shop_without_a_model_has_one(self):
        with shop.folder(fresh=True) as data:
            shop.run("key", "add", "k", "--data", data)
            self.assertIn("no model", shop.run("backup", "--data", data, "--out", self.place / "b"))
            self.assertIn('"k"', shop.run("key", "list", "--json", "--data", self.place / "b"))
            self.assertFalse(any((self.place / "b").glob("aisle.db-*")))

    def test_nothing_is_overwritten(self):
        with shop.folder() as data:
            taken = self.place / "taken"
            taken.mkdir()
            self.refused(aisle("backup", "--data", data, "--out", taken), "taken")
            shop.run("backup", "--data", data, "--out", self.place / "b")
            self.refused(aisle("backup", "--data", data, "--out", self.place / "b"), "overwritten")
            shop.run("restore", "--from", self.place / "b", "--data", taken)  # an empty folder may be filled: volumes are
            kept = tree(taken)
            self.refused(aisle("restore", "--from", self.place / "b", "--data", taken), "overwritten")
            self.refused(aisle("restore", "--from", self.place / "b", "--data", data), "overwritten")
            self.assertEqual(tree(taken), kept)
            (self.place / "file").write_text("x")
            self.refused(aisle("restore", "--from", self.place / "b", "--data", self.place / "file"), "overwritten")
            self.nothing_left("b", "taken", "file")

    def test_what_was_changed_since_is_refused_and_nothing_appears(self):
        with shop.folder() as data:
            shop.run("backup", "--data", data, "--out", self.place / "good")
        for name, change in (("aisle.db", "flip"), ("aisle.db", "cut"), ("aisle.db", "gone"), ("models/000001.aisle", "flip"), ("models/000001.aisle", "gone"),
                             ("backup.json", "cut"), ("backup.json", "gone"), ("aisle.db", "folder")):
            with self.subTest(name, change=change):
                bad = self.place / "bad"
                shutil.copytree(self.place / "good", bad)
                path = bad / name
                data = bytearray(path.read_bytes())
                path.unlink()
                if change == "flip":
                    data[len(data) // 2] ^= 1
                    path.write_bytes(data)
                elif change == "cut":
                    path.write_bytes(data[:-100])
                elif change == "folder":
                    path.mkdir()
                self.refused(aisle("restore", "--from", bad, "--data", self.place / "r"), path.name)
                shutil.rmtree(bad)
                self.nothing_left("good")

    def test_a_damaged_database_is_not_backed_up(self):
        with shop.folder() as data:
            size = (data / "aisle.db").stat().st_size
            with open(data / "aisle.db", "r+b") as f:
                f.seek(size // 2 // 4096 * 4096)
                f.write(b"\xff" * 4096 * 3)
            done = aisle("backup", "--data", data, "--out", self.place / "b", "--json")
            self.assertEqual(done.returncode, 1)
            self.assertIn("damaged", done.stderr)
            self.assertEqual(json.loads(done.stdout.splitlines()[-1])["event"], "error")
        self.nothing_left()

    def test_wrong_places_are_named(self):
        self.refused(aisle("backup", "--data", self.place / "no", "--out", self.place / "b"), str(self.place / "no"))
        self.refused(aisle("backup", "--data", self.place), "--out", code=2)
        self.refused(aisle("restore", "--data", self.place / "r"), "--from", code=2)
        self.refused(aisle("restore", "--from", self.place / "no", "--data", self.place / "r"), str(self.place / "no"))
        with shop.folder(fresh=True) as data:
            shop.run("key", "add", "k", "--data", data)
            self.refused(aisle("backup", "--data", data, "--out", self.place / "no" / "b"), str(self.place / "no"))
            shop.run("backup", "--data", data, "--out", self.place / "b")
        manifest = json.loads((self.place / "b" / "backup.json").read_text())
        (self.place / "b" / "backup.json").write_text(json.dumps({**manifest, "format": 2}))
        self.refused(aisle("restore", "--from", self.place / "b", "--data", self.place / "r"), "newer")
        self.nothing_left("b")


if __name__ == "__main__":
    unittest.main()
