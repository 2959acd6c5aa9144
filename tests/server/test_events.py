"""Batches of events: each known, and found by the next recommendation, before their keys and indexes are merged, after it and over kills."""
import contextlib
import sqlite3
import time
import unittest

import shop

BATCH, SESSIONS, FEW = 1000, 40, 4096


class Events(unittest.TestCase):
    def number(self, server, sql):
        with contextlib.closing(sqlite3.connect(server.data / "aisle.db")) as db:
            return db.execute(sql).fetchone()[0]

    def post(self, server, first, batches):
        """(stored, known) of so many batches of events with ids from `first` on."""
        stored = known = 0
        for b in range(batches):
            numbers = range(first + b * BATCH, first + (b + 1) * BATCH)
            events = [{"event_id": f"batch-{n}", "type": "view", "session": f"{first}-{n % SESSIONS}", "item": self.items[n % len(self.items)]}
                      for n in numbers]
            answer = server.post("/v1/events", events)
            self.assertEqual(answer.status, 200)
            fates = [r["status"] for r in answer.json["results"]]
            self.assertEqual((fates.count("stored"), fates.count("duplicate")), (answer.json["stored"], answer.json["duplicates"]))
            stored, known = stored + answer.json["stored"], known + answer.json["duplicates"]
        return stored, known

    def check_found(self, server, first):
        """Each tenth session is one that the model folds in, not a stranger."""
        for s in range(0, SESSIONS, 10):
            self.assertNotEqual(server.get("/v1/recommendations", session=f"{first}-{s}", limit=1).json["strategy"], "popular")

    def test_known_and_found_wherever_they_are(self):
        with shop.serving() as server:
            self.items = [p["id"] for p in server.get("/v1/products", limit=5).json["items"]]
            self.assertEqual(server.get("/v1/recommendations", session="nobody", limit=1).json["strategy"], "popular")
            before = self.number(server, "SELECT count(*) FROM events")
            self.assertEqual(self.post(server, 0, 6), (6 * BATCH, 0))
            self.check_found(server, 0)
            end = time.monotonic() + 30  # nothing is written now: they are merged, but for a few that came after it had begun
            while self.number(server, "SELECT max(id) - (SELECT upto FROM event_merge) FROM events") > FEW:
                self.assertLess(time.monotonic(), end)
                time.sleep(.05)
            self.assertEqual(self.number(server, "SELECT count(*) FROM events e WHERE session_id IS NOT NULL AND id <= (SELECT upto FROM event_merge) AND NOT EXISTS "
                                                 "(SELECT 1 FROM event_by_session x WHERE x.event = e.id AND x.session_id = e.session_id)"), 0)
            self.check_found(server, 0)
            self.assertEqual(self.post(server, 0, 6), (0, 6 * BATCH))
            self.assertEqual(self.post(server, 10000, 2), (2 * BATCH, 0))  # too few to be merged at once
            server.kill()
            self.assertGreater(self.number(server, "SELECT max(id) - (SELECT upto FROM event_merge) FROM events"), 0)
            server.start()
            self.check_found(server, 0)
            self.check_found(server, 10000)
            self.assertEqual(self.post(server, 0, 6), (0, 6 * BATCH))
            self.assertEqual(self.post(server, 10000, 2), (0, 2 * BATCH))
            self.assertEqual(self.number(server, "SELECT count(*) FROM events") - before, 8 * BATCH)
            self.assertEqual(self.number(server, "SELECT events FROM totals") - before, 8 * BATCH)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(self.number(server, "PRAGMA integrity_check"), "ok")


if __name__ == "__main__":
    unittest.main()
