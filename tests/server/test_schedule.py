"""Trainings that the server begins by itself: when, with what settings, within what limits, and what a restart leaves of it."""
import datetime
import fcntl
import itertools
import os
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import shop

SANITIZED = b"__asan_init" in pathlib.Path(shop.AISLE).read_bytes() or b"__tsan_init" in pathlib.Path(shop.AISLE).read_bytes()
SMALL = {"factors": 8, "iterations": 2, "similar": 0, "content": 0, "model": "als"}
LONG = {"factors": 256, "iterations": 1000, "solver": "cholesky", "model": "als"}
_names = itertools.count(1)


def events(server, n):
    batch = [{"type": "view", "item": f"item-{k}", "session": f"schedule-{next(_names)}"} for k in range(n)]
    answer = server.post("/v1/events", batch)
    assert answer.status == 200 and answer.json["stored"] == n, answer.body


def metric(server, name):
    return float(re.search(rf"^aisle_training_{name} (\S+)$", server.get("/metrics").body.decode(), re.M).group(1))


def jobs(server):
    return server.get("/v1/admin/jobs").json["items"]


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)
    return got


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Schedule(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = tempfile.TemporaryDirectory()
        cls.small = pathlib.Path(cls.files.name) / "small.conf"
        cls.small.write_text("".join(f"{k} = {v}\n" for k, v in SMALL.items() if k != "model") + "model = als\n")

    @classmethod
    def tearDownClass(cls):
        cls.files.cleanup()

    def newest(self, server, count):
        """The newest of `count` jobs, ended."""
        until(lambda: len(jobs(server)) >= count)
        self.assertEqual(len(jobs(server)), count)
        return server.await_job(jobs(server)[0]["id"])

    def test_an_interval_trains_when_there_is_something_new_and_only_then(self):
        with shop.serving("--train-every", "1s", "--train-config", self.small) as server:
            before = server.get("/v1/recommendations").json["model_version"]
            time.sleep(2.5)
            self.assertEqual(jobs(server), [], "nothing has come since the model was made")
            events(server, 1)
            done = self.newest(server, 1)
            self.assertEqual((done["state"], done["cause"], done["request"]), ("succeeded", "schedule", {"config": str(self.small)}))
            self.assertEqual(server.get("/v1/recommendations").json["model_version"], before + 1)
            until(lambda: metric(server, "new_events") == 0)
            self.assertAlmostEqual(metric(server, "last_success_timestamp_seconds"), moment(done["ended"]), delta=0.002)
            time.sleep(2.5)
            self.assertEqual(len(jobs(server)), 1)
            events(server, 1)
            self.assertEqual(self.newest(server, 2)["cause"], "schedule")

    def test_events_after_a_model_that_the_command_line_made_count_over_a_restart(self):
        with shop.serving("--train-after-events", "10", "--train-config", self.small) as server:
            shop.train(server.data, factors=9)
            until(lambda: server.get("/v1/recommendations").json["model_version"] == 2)
            events(server, 6)
            until(lambda: metric(server, "new_events") == 6)
            server.kill()
            server.start()
            until(lambda: metric(server, "new_events") == 6)
            events(server, 4)
            self.assertEqual(self.newest(server, 1)["cause"], "events")

    def test_so_many_events_train_and_a_restart_goes_on_counting(self):
        with shop.serving("--train-after-events", "50", "--train-config", self.small) as server:
            events(server, 49)
            until(lambda: metric(server, "new_events") == 49)
            events(server, 1)
            self.assertEqual(self.newest(server, 1)["cause"], "events")
            until(lambda: metric(server, "new_events") == 0)
            events(server, 30)
            until(lambda: metric(server, "new_events") == 30)
            server.kill()
            server.start()
            until(lambda: metric(server, "new_events") == 30)
            self.assertGreater(metric(server, "last_success_timestamp_seconds"), 0)
            events(server, 20)
            self.assertEqual([j["cause"] for j in (self.newest(server, 2), jobs(server)[1])], ["events"] * 2)

    def test_the_settings_are_those_that_were_asked_for_last(self):
        with shop.serving("--train-after-events", "10") as server:
            asked = server.await_job(server.post("/v1/admin/trainings", {**SMALL, "factors": 9}).json["id"])
            self.assertEqual((asked["state"], asked["cause"]), ("succeeded", "request"))
            canceled = server.post("/v1/admin/trainings", LONG).json["id"]
            server.ask("DELETE", f"/v1/admin/jobs/{canceled}")
            self.assertEqual(server.await_job(canceled)["state"], "canceled")
            events(server, 10)
            done = self.newest(server, 3)
            self.assertEqual((done["state"], done["cause"], done["request"]), ("succeeded", "events", asked["request"]))
            model = server.get("/v1/admin/models").json["items"][0]
            self.assertEqual(model["version"], done["result"]["version"])

    def test_a_first_model_is_made_as_soon_as_there_are_events(self):
        with shop.serving("--train-every", "1h", "--train-config", self.small, fresh=True) as server:
            self.assertEqual(server.get("/readyz").status, 503)
            files = shop.template() / "files"
            for kind in ("products", "events"):
                job = server.post(f"/v1/admin/imports?kind={kind}&preset=generated", (files / f"{kind}.csv").read_bytes(),
                                  headers={"Content-Type": "text/csv"}).json["id"]
                self.assertEqual(server.await_job(job)["state"], "succeeded")
            done = self.newest(server, 3)
            self.assertEqual((done["kind"], done["state"], done["cause"]), ("training", "succeeded", "schedule"))
            until(lambda: server.get("/readyz").status == 200)

    def test_what_fails_is_tried_again_after_growing_pauses_and_the_shop_goes_on(self):
        with shop.serving("--train-every", "1s", "--train-config", self.small) as server:
            version = server.get("/v1/recommendations").json["model_version"]
            with open(server.data / "models" / "next.lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)  # somebody else is making the next version
                events(server, 5)
                until(lambda: metric(server, "failures") >= 3)
                ended = [j for j in jobs(server)[::-1] if j["state"] == "failed"][:3]
                for k, pause in ((1, 1), (2, 2)):
                    self.assertGreaterEqual(moment(ended[k]["created"]) - moment(ended[k - 1]["ended"]), pause - 0.01)
                for job in ended:
                    self.assertEqual((job["cause"], "next version" in job["error"]), ("schedule", True), job)
                self.assertEqual(server.get("/readyz").status, 200)
                self.assertEqual(server.get("/v1/recommendations").json["model_version"], version)
            until(lambda: jobs(server)[0]["state"] == "succeeded")
            until(lambda: metric(server, "failures") == 0)

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_a_training_that_takes_more_memory_than_it_may_is_ended(self):
        with shop.serving("--train-memory", "60") as server:
            done = server.await_job(server.post("/v1/admin/trainings", {"model": "als", "factors": 4096, "iterations": 1, "solver": "cholesky"}).json["id"])
            self.assertEqual(done["state"], "failed")
            self.assertIn("--train-memory", done["error"])
            self.assertEqual(server.await_job(server.post("/v1/admin/trainings", SMALL).json["id"])["state"], "succeeded")

    def test_one_at_a_time_after_what_was_asked_for(self):
        with shop.serving("--train-after-events", "1", "--train-config", self.small) as server:
            long = server.post("/v1/admin/trainings", LONG).json["id"]
            events(server, 5)
            until(lambda: metric(server, "new_events") == 5)
            time.sleep(1.5)
            self.assertEqual([j["id"] for j in jobs(server)], [long])
            server.ask("DELETE", f"/v1/admin/jobs/{long}")
            self.assertEqual(server.await_job(long)["state"], "canceled")
            self.assertEqual(self.newest(server, 2)["cause"], "events")

    def test_a_training_has_its_threads_and_a_low_priority(self):
        for priority, policy in (("low", 3), ("idle", 5), ("normal", 0)):
            with self.subTest(priority), shop.serving("--train-threads", "1", "--train-priority", priority) as server:
                job = server.post("/v1/admin/trainings", LONG).json["id"]
                until(lambda: server.get(f"/v1/admin/jobs/{job}").json["progress"])
                tasks = pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
                children = [c for t in tasks for c in (t / "children").read_text().split()]
                self.assertEqual(len(children), 1)
                self.assertIn(b"--threads\x001\x00", pathlib.Path(f"/proc/{children[0]}/cmdline").read_bytes())
                self.assertEqual(os.sched_getscheduler(int(children[0])), policy)
                self.assertEqual(os.getpriority(os.PRIO_PROCESS, int(children[0])), os.getpriority(os.PRIO_PROCESS, server.process.pid) if priority == "normal" else 19)
                self.assertEqual(os.sched_getscheduler(server.process.pid), 0)
                server.ask("DELETE", f"/v1/admin/jobs/{job}")
                self.assertEqual(server.await_job(job)["state"], "canceled")

    def test_wrong_settings_end_the_start(self):
        wrong = pathlib.Path(self.files.name) / "wrong.conf"
        wrong.write_text("factors = many\n")
        with shop.folder() as data:
            for options, code, said in ((("--train-every", "6"), 2, "--train-every 6: a number with s, m, h or d"),
                                        (("--train-every", "0s"), 2, "--train-every 0s"), (("--train-every", "367d"), 2, "up to 366d"),
                                        (("--train-every", "-1h"), 2, "-1h"), (("--train-config", "/nowhere/x.conf"), 1, "/nowhere/x.conf"),
                                        (("--train-config", wrong), 2, "many")):
                for command in ("serve", "config"):
                    done = subprocess.run([shop.AISLE, command, "--data", data, "--port", "0", *map(str, options)],
                                          capture_output=True, text=True, timeout=20)
                    self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
                    self.assertIn(said, done.stderr)


if __name__ == "__main__":
    unittest.main()
