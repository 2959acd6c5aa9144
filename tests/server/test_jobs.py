"""Trainings and imports over HTTP, their progress, their cancellation; models and their swap."""
import contextlib
import pathlib
import socket
import threading
import time
import unittest

import shop

SMALL = {"factors": 8, "iterations": 3}
LONG = {"factors": 256, "iterations": 1000, "solver": "cholesky"}


class Jobs(unittest.TestCase):
    def order(self, server, settings, status=202):
        answer = server.post("/v1/admin/trainings", settings)
        self.assertEqual(answer.status, status, answer.body)
        if status == 202:
            self.assertEqual(answer.headers["location"], f"/v1/admin/jobs/{answer.json['id']}")
            return answer.json["id"]
        return answer.json

    def test_a_training_reports_its_progress_and_its_model_serves(self):
        with shop.serving() as server:
            before = server.get("/v1/recommendations").json["model_version"]
            job = self.order(server, {**SMALL, "iterations": 5, "weight": {"view": 0.2, "purchase": 3}})
            events = server.events(job)
            names = [name for _, name, _ in events]
            self.assertEqual(names[0], "state")
            self.assertEqual([d["iteration"] for _, n, d in events if n == "iteration"], [1, 2, 3, 4, 5])
            self.assertEqual(events[-1][2]["state"], "succeeded")
            self.assertEqual([i for i, _, _ in events], list(range(1, len(events) + 1)))
            self.assertEqual(server.events(job, last=events[-3][0]), events[-2:])
            done = server.get(f"/v1/admin/jobs/{job}").json
            self.assertEqual((done["state"], done["request"]["iterations"]), ("succeeded", 5))
            self.assertEqual(server.get("/v1/recommendations").json["model_version"], before + 1)
            models = server.get("/v1/admin/models").json["items"]
            self.assertEqual([(m["version"], m["current"]) for m in models], [(before + 1, True), (before, False)])

    def test_the_first_training_makes_the_server_ready(self):
        with shop.serving(fresh=True) as server:
            self.assertEqual(server.get("/readyz").status, 503)
            self.assertEqual(server.get("/v1/recommendations").json["code"], "model_not_ready")
            files = shop.template() / "files"
            for kind in ("products", "users", "events"):
                answer = server.post(f"/v1/admin/imports?kind={kind}&preset=generated", (files / f"{kind}.csv").read_bytes(),
                                     headers={"Content-Type": "text/csv"})
                self.assertEqual(answer.status, 202, answer.body)
                done = server.await_job(answer.json["id"])
                self.assertEqual(done["state"], "succeeded", done)
            self.assertEqual(done["result"]["events"], (files / "events.csv").read_bytes().count(b"\n") - 1)
            self.assertEqual(list((server.data / "spool").iterdir()), [])
            self.assertEqual(server.get("/v1/products").json["total"], 200)
            self.assertEqual(server.await_job(self.order(server, SMALL))["state"], "succeeded")
            self.assertEqual(server.get("/readyz").status, 200)
            self.assertEqual(server.get("/v1/recommendations").status, 200)

    def test_a_training_without_data_says_so(self):
        with shop.serving(fresh=True) as server:
            done = server.await_job(self.order(server, SMALL))
            self.assertEqual(done["state"], "failed")
            self.assertIn("no events", done["error"])

    def test_wrong_settings_are_pointed_at_before_anything_runs(self):
        with shop.serving(fresh=True) as server:
            for settings, pointer in (({"factors": 100000}, "/factors"), ({"factors": "many"}, "/factors"), ({"factor": 3}, "/factor"),
                                      ({"data": "/etc"}, "/data"), ({"backend_dir": "/tmp"}, "/backend_dir"), ({"binary": 1}, "/binary"),
                                      ({"solver": "magic"}, "/solver"), ({"weight": {"stare": 1}}, ""), ({"iterations": [1]}, "/iterations")):
                problem = self.order(server, settings, status=422)
                self.assertEqual(problem["errors"][0]["pointer"], pointer, problem)
            self.assertEqual(server.get("/v1/admin/jobs").json["items"], [])
            for query in ("", "?kind=orders", "?kind=events&preset=nope", "?kind=events&format=xls", "?kind=events&path=/etc/passwd"):
                self.assertEqual(server.post("/v1/admin/imports" + query, b"a,b\n1,2\n").status, 422, query)
            self.assertEqual(list((server.data / "spool").iterdir()), [])

    def test_a_running_training_can_be_canceled(self):
        with shop.serving() as server:
            job = self.order(server, LONG)
            waiting = self.order(server, SMALL)
            while server.get(f"/v1/admin/jobs/{job}").json["state"] == "queued":
                time.sleep(0.02)
            self.assertEqual(server.ask("DELETE", f"/v1/admin/jobs/{waiting}").status, 202)
            self.assertEqual(server.ask("DELETE", f"/v1/admin/jobs/{job}").status, 202)
            self.assertEqual(server.await_job(job)["state"], "canceled")
            self.assertEqual(server.await_job(waiting)["state"], "canceled")
            self.assertEqual(server.ask("DELETE", f"/v1/admin/jobs/{job}").status, 409)
            self.assertEqual(server.ask("DELETE", "/v1/admin/jobs/999").status, 404)
            self.assertEqual([m["version"] for m in server.get("/v1/admin/models").json["items"]], [1])
            self.assertEqual([p.name for p in (server.data / "models").glob("*.tmp*")], [])

    def test_a_full_queue_is_503(self):
        with shop.serving() as server:
            jobs = [self.order(server, LONG) for _ in range(8)]
            problem = self.order(server, LONG, status=503)
            self.assertEqual(problem["code"], "overloaded")
            for job in jobs:
                server.ask("DELETE", f"/v1/admin/jobs/{job}")
            for job in jobs:
                self.assertEqual(server.await_job(job)["state"], "canceled")

    def test_a_stop_ends_a_running_training_and_a_restart_knows_of_it(self):
        with shop.serving() as server:
            job = self.order(server, LONG)
            time.sleep(0.3)
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 6)
            server.start()
            done = server.get(f"/v1/admin/jobs/{job}").json
            self.assertEqual((done["state"], done["error"]), ("failed", "server stopped"))
            self.assertEqual([name for _, name, _ in server.events(job)], ["state"])

    def test_a_killed_server_takes_its_training_along(self):
        with shop.serving() as server:
            job = self.order(server, LONG)
            pids, end = set(), time.monotonic() + 20
            while not pids:  # the job runs a moment before its process is there
                self.assertLess(time.monotonic(), end, server.get(f"/v1/admin/jobs/{job}").json)
                children = pathlib.Path(f"/proc/{server.process.pid}/task")
                for thread in children.iterdir():
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it may end meanwhile
                        pids |= {int(p) for p in (thread / "children").read_text().split()}
            server.kill()
            end = time.monotonic() + 10
            while any(is_running(p) for p in pids) and time.monotonic() < end:
                time.sleep(0.05)
            self.assertFalse([p for p in pids if is_running(p)])
            server.start()
            self.assertEqual(server.get(f"/v1/admin/jobs/{job}").json["state"], "failed")
            self.assertEqual(server.get("/v1/recommendations").status, 200)
            self.assertEqual([p.name for p in (server.data / "models").glob("*.tmp*")], [])

    def test_a_killed_server_leaves_no_upload_behind(self):
        with shop.serving() as server:
            with socket.create_connection(("127.0.0.1", server.port)) as s:
                s.sendall(b"POST /v1/admin/imports?kind=events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nuser")
                end = time.monotonic() + 20
                while not list((server.data / "spool").iterdir()):
                    self.assertLess(time.monotonic(), end)
                    time.sleep(.02)
                server.kill()
            self.assertEqual(len(list((server.data / "spool").iterdir())), 1)
            server.start()
            self.assertEqual(list((server.data / "spool").iterdir()), [])

    def test_an_import_is_told_what_the_file_does_not_say(self):
        with shop.serving(fresh=True) as server:
            for query, body in (("kind=products&currency=SEK&map=item=sku,price=cost", b"sku,cost\np1,1.50\n"),
                                ("kind=events&event_type=purchase&map=user=who,item=sku,time=at", b"who,sku,at\nu1,p1,2026-01-01T00:00:00Z\n")):
                done = server.await_job(server.post(f"/v1/admin/imports?{query}", body).json["id"])
                self.assertEqual(done["state"], "succeeded", done)
            product = server.get("/v1/products/p1").json
            self.assertEqual((product["price"], product["currency"]), (150, "SEK"))
            self.assertEqual(done["request"]["event_type"], "purchase")
            again = [{"type": t, "user": "u1", "item": "p1", "time": "2026-01-01T00:00:00Z"} for t in ("view", "purchase")]
            self.assertEqual([e["status"] for e in server.post("/v1/events", again).json["results"]], ["stored", "duplicate"])
            for query in ("kind=events&event_type=stare", "kind=products&currency=euro", "kind=products&currency="):
                self.assertEqual(server.post(f"/v1/admin/imports?{query}", b"a\n1\n").status, 422, query)


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Models(unittest.TestCase):
    def test_every_answer_under_load_is_wholly_from_one_model(self):
        with shop.serving() as server:
            for seed in (2, 3):
                shop.train(server.data, seed=seed, factors=8 + seed)
            (server.data / "models" / "000004.aisle").write_bytes(b"not a model")
            versions = [m["version"] for m in server.get("/v1/admin/models").json["items"] if m["fault"] is None]
            self.assertEqual(versions, [3, 2, 1])
            ask = {"requests": [{"items": [self.some_item(server)], "limit": 20}]}
            wanted = {}
            for v in versions:
                self.assertEqual(server.post(f"/v1/admin/models/{v}/activate").status, 200)
                one = server.post("/v1/recommendations", ask).json["results"][0]
                self.assertEqual(one["model_version"], v)
                wanted[v] = [(i["id"], i["score"]) for i in one["items"]]
            self.assertEqual(len({str(w) for w in wanted.values()}), 3, "the models must differ")
            stop, seen, wrong = threading.Event(), set(), []

            def load():
                c = server.connection()
                while not stop.is_set():
                    one = server.ask("POST", "/v1/recommendations", ask, connection=c).json["results"][0]
                    seen.add(one["model_version"])
                    if [(i["id"], i["score"]) for i in one["items"]] != wanted[one["model_version"]]:
                        wrong.append(one)
                c.close()

            threads = [threading.Thread(target=load) for _ in range(8)]
            for t in threads:
                t.start()
            for k in range(40):
                v = versions[k % 3]
                self.assertEqual(server.post(f"/v1/admin/models/{v}/activate").status, 200)
                if k % 10 == 0:
                    refused = server.post("/v1/admin/models/4/activate")
                    self.assertEqual(refused.status, 422, refused.body)
            stop.set()
            for t in threads:
                t.join()
            self.assertEqual(wrong[:1], [])
            self.assertEqual(seen, {1, 2, 3})
            self.assertEqual(server.post("/v1/admin/models/99/activate").status, 404)
            self.assertEqual(server.post("/v1/admin/models/x/activate").status, 404)

    @staticmethod
    def some_item(server):
        return server.get("/v1/trending", limit=1).json["items"][0]["id"]

    def test_a_roll_back_lasts_over_a_restart(self):
        with shop.serving() as server:
            shop.train(server.data, seed=2)
            self.assertEqual(server.post("/v1/admin/models/1/activate").status, 200)
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.get("/v1/recommendations").json["model_version"], 1)

    def test_a_model_trained_beside_the_server_is_taken_up(self):
        with shop.serving() as server:
            version = shop.train(server.data, seed=9)
            end = time.monotonic() + 20
            while server.get("/v1/recommendations").json["model_version"] != version:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.1)

    def test_a_broken_current_model_does_not_stop_the_server(self):
        with shop.folder() as data:
            shop.train(data, seed=2)
            path = data / "models" / "000002.aisle"
            path.write_bytes(path.read_bytes()[:5000])
            server = shop.Server(data)
            try:
                self.assertEqual(server.get("/v1/recommendations").json["model_version"], 1)
                faulty = server.get("/v1/admin/models").json["items"][0]
                self.assertTrue(faulty["version"] == 2 and faulty["fault"] and not faulty["current"])
            finally:
                self.assertEqual(server.stop(), 0)
                server.log.close()


if __name__ == "__main__":
    unittest.main()
