"""kill -9 in the middle of migrating a large shop of an old program: its schema is wholly old or wholly new, nothing is lost, and
the next start brings it up to date. AISLE_SEED repeats a run's moments."""
import contextlib
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import shop

ROUNDS, PRODUCTS, EVENTS = 12, 20000, 60000
MIGRATIONS = sorted((shop.SOURCE / "server" / "sql" / "migrations").glob("*.sql"))
WORDS = "kettle copper garden lamp oak bucket velvet candle steel ribbon".split()


def make_first(path):
    """The database of a program that knew the first schema only."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA journal_mode = WAL;" + MIGRATIONS[0].read_text())
        db.executemany("INSERT INTO products (id, ext, version, title, category, currency, attributes, price_minor, stock) VALUES (?, ?, 1, ?, ?, 'EUR', ?, ?, ?)",
                       ((k, f"p{k}", f"{WORDS[k % 10]} {WORDS[k // 10 % 10]} number{k}", f"Home > {WORDS[k % 7]}", f'{{"colour": "{WORDS[k % 5]}"}}', k, k % 9)
                        for k in range(1, PRODUCTS + 1)))
        db.executemany("INSERT INTO users (id, ext) VALUES (?, ?)", ((k, f"u{k}") for k in range(1, 1001)))
        db.executemany("INSERT INTO events (user_id, product_id, type, at_ms, value, price_minor, position) VALUES (?, ?, 0, ?, 1, -1, -1)",
                       ((k % 1000 + 1, k % PRODUCTS + 1, 1700000000000 + k) for k in range(EVENTS)))
        db.execute("INSERT INTO event_keys SELECT id FROM events")
        db.execute("UPDATE totals SET products = ?, users = 1000, events = ?", (PRODUCTS, EVENTS))
        db.commit()
        db.executescript(f"PRAGMA application_id = {0x4149534c}; PRAGMA user_version = 1;")


def schema(db):
    return db.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").fetchall()


class MigrationKill(unittest.TestCase):
    def open_and_kill(self, data, seconds):
        """Any command that opens the folder migrates it."""
        with subprocess.Popen([shop.AISLE, "key", "list", "--data", data], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
            with contextlib.suppress(subprocess.TimeoutExpired):
                p.wait(seconds)
            p.kill()
            return p.wait()

    def look(self, data):
        with contextlib.closing(sqlite3.connect(data / "aisle.db")) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(db.execute("PRAGMA foreign_key_check").fetchall(), [])
            counts = [db.execute(f"SELECT count(*), total(id) FROM {t}").fetchone() for t in ("products", "users", "events")]
            return db.execute("PRAGMA user_version").fetchone()[0], schema(db), counts

    def test_a_killed_migration_leaves_the_old_schema_or_the_new(self):
        seed = int(os.environ.get("AISLE_SEED", random.randrange(1 << 32)))
        print(f"AISLE_SEED={seed}")
        moments, seen = random.Random(seed), []
        with tempfile.TemporaryDirectory(prefix="aisle-migrate-") as top:
            old, whole, data = (pathlib.Path(top) / n for n in ("old", "whole", "data"))
            old.mkdir()
            make_first(old / "aisle.db")
            before = self.look(old)
            self.assertEqual(before[0], 1)
            shutil.copytree(old, whole)
            started = time.monotonic()
            self.assertEqual(self.open_and_kill(whole, 60), 0)
            took = time.monotonic() - started
            after = self.look(whole)
            self.assertEqual((after[0], after[2]), (len(MIGRATIONS), before[2]))
            shutil.copytree(old, data)
            for _ in range(ROUNDS):  # one after the other on the same folder, which a kill may leave in whatever state it likes
                if seen and seen[-1] == len(MIGRATIONS):
                    shutil.rmtree(data)
                    shutil.copytree(old, data)
                self.open_and_kill(data, moments.uniform(0, 1.1 * took))
                now = self.look(data)
                self.assertIn(now, (before, after))
                seen.append(now[0])
            print(f"{seen.count(1)} of {ROUNDS} were killed before the end")
            self.assertIn(1, seen, "no kill came in time")
            server = shop.Server(data)
            try:
                self.assertEqual(server.get("/v1/products").json["total"], PRODUCTS)
                self.assertEqual([i["id"] for i in server.get("/v1/search", q=f"number{PRODUCTS}").json["items"]], [f"p{PRODUCTS}"])
            finally:
                self.assertEqual(server.stop(), 0)
                server.log.close()
            self.assertEqual(self.look(data), after)


if __name__ == "__main__":
    unittest.main()
