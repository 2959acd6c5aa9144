"""Bad input gives one line that names the file or option and its value, exit 1 or 2, and leaves nothing half-written."""
import fcntl
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import unittest

from program import AISLE, SAMPLE, folder, import_sample, run, tree


class BadInput(unittest.TestCase):
    def refused(self, got, *names, code=None):
        self.assertIn(got.returncode, (1, 2) if code is None else (code,), got.stderr)
        lines = got.stderr.strip().splitlines()
        self.assertEqual(len(lines), 1, got.stderr)
        for name in names:
            self.assertIn(str(name), lines[0])

    def test_options_out_of_range(self):
        for args, names in (
            (["train", "--factors", "100000"], ["--factors", "100000", "4096"]),
            (["train", "--factors", "-1"], ["--factors", "-1"]),
            (["train", "--iterations", "0"], ["--iterations", "0"]),
            (["train", "--regularization", "nan"], ["--regularization", "nan"]),
            (["serve", "--port", "70000"], ["--port", "70000", "65535"]),
            (["serve", "--port", "8o80"], ["--port", "8o80"]),
            (["train", "--hold-out", "1"], ["--hold-out 1"]),
            (["train", "--hold-out", "20", "--out", "x"], ["--hold-out 20", "--out"]),
            (["export", "x", "--npy", "y", "--quantize", "f16"], ["--quantize f16", "--model"]),
            (["evaluate", "--split", "sideways"], ["--split", "sideways"]),
            (["generate", "--users", "0", "--out", "x"], ["--users", "0"]),
        ):
            with self.subTest(args):
                self.refused(run(*args), *names, code=2)

    def test_a_back_end_that_is_not_there_is_never_replaced(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            self.refused(run("train", "--data", f / "data", "--backend", "tpu"), "tpu", "--backend", code=1)

    def test_a_training_beside_another_is_refused_before_it_works(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            (f / "data" / "models").mkdir(exist_ok=True)
            with open(f / "data" / "models" / "next.lock", "w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                lock.write("4711\n")
                lock.flush()
                got = run("train", "--data", f / "data", "--factors", "4", "--iterations", "2")
                self.refused(got, "models/next.lock", "process 4711", code=1)
            got = run("train", "--data", f / "data", "--factors", "4", "--iterations", "2")
            self.assertEqual(got.returncode, 0, got.stderr)

    def test_a_training_is_not_lost_with_its_curve(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            (f / "data" / "models" / "000001.curve" / "in the way").mkdir(parents=True)
            got = run("train", "--data", f / "data", "--model", "als", "--factors", "4", "--iterations", "2", "--json")
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertRegex(got.stderr, r"aisle: warning: the curve of version 1 is not kept: .*000001\.curve")
            self.assertTrue(json.loads(got.stdout.splitlines()[-1])["activated"])
            self.assertEqual(run("recommend", "--data", f / "data", "--user", "u1").returncode, 0)

    def test_a_missing_data_folder(self):
        with folder() as f:
            for command in (["train"], ["evaluate"], ["recommend", "--user", "u1"], ["similar", "--item", "i1"]):
                with self.subTest(command):
                    self.refused(run(*command, "--data", f / "none"), f / "none")
            self.assertEqual(tree(f), [])

    def test_files_that_are_missing_empty_or_of_the_wrong_kind(self):
        with folder() as f:
            (f / "empty.csv").touch()
            (f / "text.csv").write_text("nothing,of,the,kind\n1,2,3,4\n")
            (f / "cut.csv.zst").write_bytes(b"\x28\xb5\x2f\xfd\x04\x58garbage")
            (f / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03cut")
            for name in ("missing.csv", "empty.csv", "text.csv", "cut.csv.zst", "cut.csv.gz", "."):
                with self.subTest(name):
                    got = run("import", "--data", f / "data", "--preset", "online-retail", f / name)
                    self.refused(got, f / name)
            self.assertFalse(any("rejects" in name for name, _ in tree(f)))

    def test_wrong_model_files(self):
        with folder() as f:
            (f / "empty.aisle").touch()
            (f / "text.aisle").write_text("this is not a model\n" * 100)
            golden = next((pathlib.Path(__file__).parents[1] / "golden").glob("*.aisle"))
            whole = golden.read_bytes()
            (f / "cut.aisle").write_bytes(whole[: len(whole) // 2])
            (f / "flipped.aisle").write_bytes(whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
            newer = bytearray(whole)
            newer[8] += 1
            (f / "newer.aisle").write_bytes(newer)
            for name in ("missing.aisle", "empty.aisle", "text.aisle", "cut.aisle", "flipped.aisle", "newer.aisle", "."):
                with self.subTest(name):
                    self.refused(run("inspect", f / name), f / name, code=1)
            self.assertEqual(run("inspect", golden).returncode, 0)

    def test_a_database_that_is_a_folder_or_rubbish(self):
        with folder() as f:
            (f / "a" / "aisle.db").mkdir(parents=True)
            (f / "b").mkdir()
            (f / "b" / "aisle.db").write_text("rubbish\n" * 1000)
            (f / "c").write_text("a file where the folder should be")
            for name in "abc":
                for args in (["serve", "--port", "0"], ["train"]):
                    with self.subTest(name=name, command=args[0]):
                        self.refused(run(*args, "--data", f / name), f / name, code=1)

    def test_with_json_an_error_is_a_line_of_json_too(self):
        with folder() as f:
            for args, code in (
                (["import", "--data", f / "d", f / "none.csv"], 1),
                (["train", "--data", f / "d"], 1),
                (["evaluate", "--data", f / "d"], 1),
                (["recommend", "--data", f / "d", "--user", "u1"], 1),
                (["similar", "--data", f / "d", "--item", "p1"], 1),
                (["inspect", f / "none.aisle"], 1),
                (["export", f / "none.aisle", "--npy", f / "out"], 1),
                (["generate"], 2),
            ):
                with self.subTest(args):
                    got = run(*args, "--json")
                    self.refused(got, code=code)
                    line = json.loads(got.stdout)
                    self.assertEqual(line["event"], "error")
                    self.assertIn(line["message"], got.stderr)

    def test_an_answer_that_cannot_be_written_is_no_success(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            self.assertEqual(run("train", "--data", f / "data", "--factors", "4", "--iterations", "2").returncode, 0)
            for args in (["key", "list"], ["batch", "--out", f / "lists.jsonl", "--json"], ["recommend", "--user", "u1", "-n", "100"]):
                for more in ([], ["--json"]):
                    with self.subTest(args + more), open(os.devnull) as closed:  # for reading
                        got = subprocess.run([AISLE, *map(str, args), "--data", f / "data", *more], stdout=closed, stderr=subprocess.PIPE,
                                             text=True, timeout=60)
                        self.assertEqual(got.returncode, 1, got.stderr)
                        self.assertIn("standard output: Bad file descriptor", got.stderr)

    def test_a_port_in_use(self):
        with folder() as f, socket.socket() as s:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            s.bind(("127.0.0.1", 0))
            s.listen()
            port = s.getsockname()[1]
            self.refused(run("serve", "--data", f / "data", "--port", port), port, code=1)

    def test_unknown_people_and_products(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            self.refused(run("recommend", "--data", f / "data", "--user", "u1"), "aisle train", code=1)
            self.assertEqual(run("train", "--data", f / "data", "--factors", "4", "--iterations", "2").returncode, 0)
            self.refused(run("similar", "--data", f / "data", "--item", "no-such"), "no-such", code=1)
            self.refused(run("recommend", "--data", f / "data", "--items", "no-such"), "no-such", code=1)

    @unittest.skipIf("thread" in os.environ.get("SANITIZED", ""), "ThreadSanitizer itself needs larger files")
    def test_a_full_disk(self):
        """A file size limit behaves like a full disk: writes fail half-way."""
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            before = tree(f / "data")

            def limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

            args = [AISLE, "train", "--data", f / "data", "--factors", "64", "--iterations", "1", "--json"]
            got = subprocess.run(args, capture_output=True, text=True, preexec_fn=limit, timeout=120)
            got.stderr = got.stderr.splitlines()[-1]  # the line before says what is about to be trained
            self.refused(got, f / "data", code=1)
            models = [name for name, _ in tree(f / "data") if "models" in name]
            self.assertEqual(models, [name for name, _ in before if "models" in name])

    @unittest.skipIf(os.geteuid() == 0, "root writes into read-only folders")
    def test_a_read_only_folder(self):
        with folder() as f:
            f.chmod(0o500)
            self.refused(run("import", "--data", f / "data", "--preset", "generated", SAMPLE / "events.csv"), f / "data", code=1)
            f.chmod(0o700)


if __name__ == "__main__":
    unittest.main()
