"""Which model serves: the score gate, pin, roll back, retention, reports."""
import atexit
import fcntl
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import shop

GOOD, BAD = {"model": "als", "factors": 8, "iterations": 5}, {"model": "als", "factors": 2, "iterations": 1, "weight": {"dislike": 1, "rating": 0.001}}


def setUpModule():
    """More people than the other tests have: one in 20 is held out, and 30 at least are compared."""
    top = shop._template = pathlib.Path(tempfile.mkdtemp(prefix="aisle-gate-"))
    atexit.register(shutil.rmtree, top, True)
    shop.run("generate", "--users", 1200, "--items", 80, "--events", 18000, "--seed", 5, "--out", top / "files")
    shop.run("import", "--data", top / "data", "--preset", "generated",
             *(top / "files" / f"{n}.csv" for n in ("products", "users", "events")))
    shop.train(top / "data")


class Gate(unittest.TestCase):
    def serve(self, *options):
        scope = shop.serving(*options)
        self.server = scope.__enter__()
        self.addCleanup(scope.__exit__, None, None, None)

    def train(self, settings, state="succeeded"):
        job = self.server.post("/v1/admin/trainings", settings)
        self.assertEqual(job.status, 202, job.body)
        done = self.server.await_job(job.json["id"])
        self.assertEqual(done["state"], state, done)
        return done

    def models(self):
        return {m["version"]: m for m in self.server.get("/v1/admin/models").json["items"]}

    def serving(self):
        return [v for v, m in self.models().items() if m["current"]]

    def post(self, path, status=200, method="POST"):
        answer = self.server.ask(method, f"/v1/admin/models/{path}")
        self.assertEqual(answer.status, status, answer.body)
        return answer.json if answer.body else None

    def test_a_worse_model_is_not_published_until_it_is_forced(self):
        self.serve("--gate", "refuse", "--gate-tolerance", "0.02")
        self.train(GOOD)  # nothing to compare with: the first model had left nobody out
        self.assertEqual(self.serving(), [2])
        report = self.post("2/report", method="GET")
        self.assertEqual((report["version"], report["held_out"]["against"]), (2, None))
        self.train(GOOD)  # the same again is no worse
        self.assertEqual(self.serving(), [3])
        same = self.post("3/report", method="GET")["held_out"]
        self.assertEqual((same["against"]["version"], same["against"]["value"]), (2, same["value"]))
        done = self.train(BAD, state="refused")
        self.assertIn("version 4 is not published", done["error"])
        self.assertIn("ndcg@10", done["error"])
        self.assertEqual(self.serving(), [3])
        worse = self.post("4/report", method="GET")["held_out"]
        self.assertLess(worse["value"], worse["against"]["value"])
        self.assertEqual(worse["people"], same["people"])
        self.assertEqual(self.post("4/activate", 409)["code"], "conflict")
        self.assertEqual(self.serving(), [3])
        self.post("4/activate?force=true")
        self.assertEqual(self.serving(), [4])

    def test_a_refused_training_has_read_the_events_and_is_not_tried_again(self):
        config = shop._template / "bad.conf"
        config.write_text("model = als\nfactors = 2\niterations = 1\nweight = dislike=1,rating=0.001\n")
        self.serve("--gate", "refuse", "--gate-tolerance", "0.02", "--train-every", "1s", "--train-config", config)
        self.train(GOOD)

        def buy(k):
            self.assertEqual(self.server.post("/v1/events", [{"type": "view", "item": f"item-{k}", "session": f"gate-{k}"}]).json["stored"], 1)

        def scheduled(n):
            end = time.monotonic() + 60
            while len(of_schedule := [j for j in self.server.get("/v1/admin/jobs").json["items"] if j["cause"] == "schedule"]) < n:
                self.assertLess(time.monotonic(), end)
                time.sleep(.05)
            return [self.server.await_job(j["id"]) for j in of_schedule]

        buy(1)
        first, = scheduled(1)
        self.assertEqual(first["state"], "refused", first)
        self.assertIn("is not published", first["error"])
        self.assertEqual(first["result"]["version"], 3)
        time.sleep(2.5)  # a failure would be tried again after one second
        self.assertEqual(len(scheduled(1)), 1)
        metrics = self.server.get("/metrics").body.decode()
        self.assertIn("\naisle_training_failures 0\n", metrics)
        self.assertIn('\naisle_jobs_ended_total{kind="training",state="refused"} 1\n', metrics)
        self.assertIn('\naisle_jobs_ended_total{kind="training",state="failed"} 0\n', metrics)
        self.assertIn("\naisle_training_new_events 0\n", metrics)
        buy(2)
        self.assertEqual(len(scheduled(2)), 2)

    def test_a_gate_that_warns_publishes_and_says_so(self):
        self.serve("--gate", "warn", "--gate-tolerance", "0.02")
        self.train(GOOD)
        self.train(BAD)
        self.assertEqual(self.serving(), [3])
        self.assertIn("version 3 is worse", (self.server.data.parent / "server.log").read_text())

    def test_a_pinned_version_is_replaced_by_no_training(self):
        self.serve()
        self.assertEqual(self.post("1/pin"), {"version": 1, "current": True, "pinned": True})
        self.train(GOOD)
        self.assertEqual(self.serving(), [1])
        self.assertTrue(self.models()[1]["pinned"])
        self.assertEqual(self.post("2/activate", 409)["code"], "conflict")
        self.server.stop()
        self.server.start()
        self.assertEqual(shop.train(self.server.data), 3)  # nor by the command line's
        self.assertEqual(self.serving(), [1])
        self.post("2/pin", 404, "DELETE")
        self.post("1/pin", 204, "DELETE")
        self.assertEqual(self.serving(), [1])
        self.train(GOOD)
        self.assertEqual(self.serving(), [4])
        self.post("99/pin", 404)

    def test_a_pin_that_comes_while_another_process_activates_counts(self):
        """What would be a race is drawn out: the test holds the lock as the process that pins would."""
        self.serve()
        models = self.server.data / "models"
        with open(models / "change.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("123456\n")
            lock.flush()
            train = subprocess.Popen([shop.AISLE, "train", "--data", self.server.data, "--json", "--model", "als", "--factors", "2", "--iterations", "1"],
                                     stdout=subprocess.PIPE, text=True)
            while not (models / "000002.aisle").exists():
                self.assertIsNone(train.poll())
                time.sleep(0.01)
            time.sleep(0.5)
            self.assertIsNone(train.poll(), "it waits")
            (models / "marks").write_text("pinned 1\n1\n")
            os.unlink(models / "change.lock")
        told = train.communicate()[0]
        self.assertEqual(train.returncode, 0, told)
        self.assertFalse(json.loads(told.splitlines()[-1])["activated"])
        self.assertEqual((models / "current").read_text(), "000001\n")
        self.assertTrue(self.models()[1]["pinned"])
        self.assertFalse((models / "change.lock").exists())

    def test_a_change_that_another_process_holds_up_is_refused_soon_and_holds_up_nobody(self):
        self.serve()
        models = self.server.data / "models"
        with open(models / "change.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lock.write("123456\n")
            lock.flush()
            answers, asked = {}, {"1/pin": "POST", "rollback": "POST", "1/activate": "POST"}
            threads = [threading.Thread(target=lambda p=p, m=m: answers.update({p: self.server.ask(m, f"/v1/admin/models/{p}")})) for p, m in asked.items()]
            for t in threads:
                t.start()
            listed = self.server.get("/v1/admin/models")  # done by the same thread
            for t in threads:
                t.join(20)  # a long wait takes 30 s, each
            self.assertEqual(listed.status, 200)
            self.assertEqual(sorted(answers), sorted(asked))
            for path, answer in answers.items():
                self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "1"), path)
                self.assertIn("process 123456 is changing which model serves", answer.json["detail"])
            self.server.stop()
            self.server.start()  # waits for nobody either
            os.unlink(models / "change.lock")
        self.post("1/pin")

    def test_rolling_back_goes_through_what_has_served(self):
        self.serve()
        self.post("rollback", 409)
        self.train(GOOD)
        self.train(GOOD)
        self.post("1/activate")
        self.assertEqual(self.post("rollback")["version"], 3)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.post("rollback")["version"], 2)
        self.assertEqual(self.serving(), [2])
        self.assertEqual(self.post("rollback")["version"], 1)
        self.post("rollback", 409)
        self.assertEqual(self.server.get("/v1/recommendations").json["model_version"], 1)

    def test_the_oldest_versions_that_never_served_go(self):
        self.serve("--keep-models", "2")
        self.post("1/pin")
        for _ in range(3):
            self.train(GOOD)
        self.assertEqual(sorted(self.models()), [1, 4])
        self.post("1/pin", 204, "DELETE")
        self.train(GOOD)
        self.train(GOOD)
        self.assertEqual(sorted(self.models()), [1, 5, 6])  # 1 and 5 have served: rolling back to them stays possible
        self.assertEqual([p.name for p in (self.server.data / "models").glob("*.report")], [])
        self.assertEqual(sorted(p.name for p in (self.server.data / "models").glob("*.curve")), ["000001.curve", "000005.curve", "000006.curve"])


if __name__ == "__main__":
    unittest.main()
