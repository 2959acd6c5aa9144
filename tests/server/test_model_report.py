"""The report of a version: its file's sections, the curve of its training, what the gate says; also of a version from the command line."""
import json
import os
import shutil
import unittest

import shop


class ModelReport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = shop.serving("--gate", "warn")
        cls.server = cls.scope.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__(None, None, None)

    def report(self, version):
        got = self.server.get(f"/v1/admin/models/{version}/report")
        self.assertEqual(got.status, 200, got.body)
        return got.json

    def test_sections_are_those_of_inspect_and_their_sizes_add_up(self):
        seen = json.loads(shop.run("inspect", self.server.data / "models" / "000001.aisle", "--json"))
        report = self.report(1)
        self.assertEqual(report["sections"], [{k: s[k] for k in ("name", "type", "rows", "columns", "bytes")} for s in seen["sections"]])
        self.assertEqual(report["bytes"], os.path.getsize(self.server.data / "models" / "000001.aisle"))
        self.assertLess(sum(s["bytes"] for s in report["sections"]), report["bytes"])
        self.assertEqual(report["meta"], seen["meta"])

    def test_the_curve_is_what_was_told_while_it_trained(self):
        job = self.server.post("/v1/admin/trainings", {"model": "als", "factors": 8, "iterations": 6, "validation": 0.2}).json["id"]
        done = self.server.await_job(job)
        told = [d for _, event, d in self.server.events(job) if event == "iteration"]
        curve = self.report(done["result"]["version"])["curve"]
        for phase in ("search", "train"):
            self.assertEqual(curve[phase], [{k: d[k] for k in ("iteration", "loss", "ndcg")} for d in told if d["phase"] == phase])
            self.assertTrue(curve[phase])
        self.assertEqual(curve["train"][-1]["loss"], done["result"]["metrics"]["loss"])

    def test_a_version_of_the_command_line_has_its_curve_too_and_one_without_factors_none(self):
        self.assertEqual(len(self.report(1)["curve"]["train"]), 3)  # the tests' shop was trained there
        version = shop.train(self.server.data, factors=0)
        self.assertIsNone(self.report(version)["curve"])
        os.remove(self.server.data / "models" / "000001.curve")
        self.assertIsNone(self.report(1)["curve"])

    def test_the_gate_is_told_with_what_it_goes_by(self):
        self.assertEqual(self.report(1)["gate"], {"set": "warn", "worse": False, "why": "its training has left nobody out"})
        job = self.server.post("/v1/admin/trainings", {"model": "als", "factors": 8, "iterations": 2}).json["id"]
        gate = self.report(self.server.await_job(job)["result"]["version"])["gate"]
        self.assertFalse(gate["worse"])
        self.assertRegex(gate["why"], "no version that served|ndcg@10 of")

    def test_what_a_removed_version_has_left_is_not_taken_for_another_ones(self):
        models = self.server.data / "models"
        version = shop.train(self.server.data, hold_out=20)
        self.assertEqual(self.report(version)["held_out"]["one_in"], 20)
        self.assertEqual(shop.train(self.server.data), version + 1)  # serves
        (models / f"{version + 1:06}.aisle").unlink()
        shutil.copy(models / f"{version:06}.report", models / f"{version + 1:06}.report")
        (models / f"{version + 1:06}.curve").write_text('{"search":[],"train":[]}')
        self.assertEqual(shop.train(self.server.data, factors=0), version + 1)
        report = self.report(version + 1)
        self.assertEqual((report["held_out"], report["curve"]), (None, None))
        self.assertEqual([p.name for p in models.glob("*.tmp.*")], [])

    def test_a_damaged_curve_is_none(self):
        version = shop.train(self.server.data)
        path = self.server.data / "models" / f"{version:06}.curve"
        for bad in (b"", b"{", b"\xff", b"[" * 100000):
            path.write_bytes(bad)
            self.assertIsNone(self.report(version)["curve"])


if __name__ == "__main__":
    unittest.main()
