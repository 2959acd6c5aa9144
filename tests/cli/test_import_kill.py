"""kill -9 in the middle of an import: the shop is as it was or holds the whole import, is sound, and nothing is left behind.
AISLE_SEED repeats a run's moments."""
import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from program import AISLE, folder, import_sample, run

ROUNDS = 10
TABLES = ("products", "users", "sessions", "events", "event_keys")


def state(data):
    """What the shop holds. Reading it as SQLite does is what recovers it from the kill."""
    with contextlib.closing(sqlite3.connect(data / "aisle.db")) as db:
        sound = [row[0] for row in db.execute("PRAGMA integrity_check")]
        orphans = db.execute("PRAGMA foreign_key_check").fetchall()
        counts = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES}
        totals = db.execute("SELECT products, users, events FROM totals").fetchone()
        indexes = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'index' ORDER BY name")]
    return sound, orphans, counts, totals, indexes


class ImportKill(unittest.TestCase):
    def command(self, data, shop):
        return [AISLE, "import", "--data", data, *(shop / f"{n}.csv" for n in ("products", "users", "events"))]

    def killed_after(self, data, shop, seconds):
        with subprocess.Popen(self.command(data, shop), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as p:
            time.sleep(seconds)
            p.send_signal(signal.SIGKILL)

    def test_a_killed_import_changes_all_or_nothing(self):
        seed = int(os.environ.get("AISLE_SEED", random.randrange(1 << 32)))
        print(f"AISLE_SEED={seed}")
        moments = random.Random(seed)
        with folder() as f:
            shop, before, whole, data = f / "shop", f / "before", f / "whole", f / "data"
            # more products than an import keeps the indexes of the lists for
            made = run("generate", "--out", shop, "--users", "1000", "--items", "12000", "--events", "20000")
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertEqual(import_sample(before).returncode, 0)
            shutil.copytree(before, whole)
            started = time.monotonic()
            subprocess.run(self.command(whole, shop), check=True, capture_output=True)
            seconds = time.monotonic() - started
            old, new = state(before), state(whole)
            self.assertEqual((old[0], old[1]), (["ok"], []))
            self.assertNotEqual(old[2], new[2])
            self.assertEqual(old[4], new[4])
            for _ in range(ROUNDS):
                shutil.rmtree(data, ignore_errors=True)
                shutil.copytree(before, data)
                self.killed_after(data, shop, moments.uniform(0, 1.1 * seconds))
                left = sorted(str(p.relative_to(data)) for p in data.rglob("*") if p.is_file())
                self.assertLessEqual(set(left), {"aisle.db", "aisle.db-wal", "aisle.db-shm"})
                self.assertIn(state(data), (old, new))
                self.assertEqual(os.listdir(data / "spool"), [])
            subprocess.run(self.command(data, shop), check=True, capture_output=True)
            self.assertEqual(state(data), new)


if __name__ == "__main__":
    unittest.main()
