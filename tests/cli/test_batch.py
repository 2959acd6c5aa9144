"""aisle batch says to everybody what aisle recommend says to each; a GPU's lists are the same up to rounding. The GPU is the one
made of the CPU (tests/softgpu); AISLE_BACKEND_DIR names the folder of a real plug-in."""
import csv
import json
import os
import pathlib
import resource
import struct
import unittest
import zlib

from program import SAMPLE, folder, import_sample, run

PLUGINS = pathlib.Path(os.environ.get("AISLE_BACKEND_DIR") or os.environ["SOFTGPU"])
CUDA = ("--backend", "cuda", "--backend-dir", PLUGINS)
HAS_CUDA = (PLUGINS / "libaisle_backend_cuda.so").exists()


def times(model, by):
    """The bytes of a model file (include/FORMAT.md) with the factors of users and items times `by`."""
    m = bytearray(model)
    (n,) = struct.unpack_from("<I", m, 24)
    for entry in range(128, 128 + 64 * n, 64):
        kind, numbers, _, _, rows, cols, at, size = struct.unpack_from("<4I4Q", m, entry)
        if kind in (2, 3):
            assert numbers == 4, "not f32"
            floats = struct.unpack_from(f"<{rows * cols}f", m, at)
            struct.pack_into(f"<{rows * cols}f", m, at, *(x * by for x in floats))
            struct.pack_into("<I", m, entry + 12, zlib.crc32(m[at:at + size]))
    struct.pack_into("<I", m, 120, zlib.crc32(m[128:128 + 64 * n]))
    struct.pack_into("<I", m, 124, zlib.crc32(m[:124]))
    return bytes(m)


class Batch(unittest.TestCase):
    def good(self, *args):
        got = run(*args)
        self.assertEqual(got.returncode, 0, got.stderr)
        return got.stdout

    def shop(self, f, *settings):
        """A trained shop, in which grumpy has but disliked; then u1 looks at three products that u1 has not met and dislikes a fourth,
        and a product is new."""
        self.assertEqual(import_sample(f / "data").returncode, 0)
        new, events, products = f / "new", SAMPLE / "events.csv", SAMPLE / "products.csv"
        new.mkdir()
        self.write(new / "events.csv", events, [
            {"user": "grumpy", "item": "p1", "type": "dislike", "time": "2025-06-10T12:00:00.000Z", "event_id": "no"}])
        self.good("import", "--data", f / "data", "--preset", "generated", new / "events.csv")
        self.good("train", "--data", f / "data", "--seed", "3", *settings)
        first = self.lists(f, "cpu", "--backend", "cpu")["u1"]["items"]
        seen = [item["id"] for item in first]
        self.write(new / "events.csv", events, [
            {"user": "u1", "item": item, "type": kind, "time": "2035-01-01T00:00:00.000Z", "event_id": f"late-{kind}-{item}"}
            for item, kind in zip(seen, ["view", "purchase", "view", "dislike"])])
        with open(products, newline="") as file:
            like = next(csv.DictReader(file))
        self.write(new / "products.csv", products, [{**like, "id": "newborn", "stock": "5"}])
        self.good("import", "--data", f / "data", "--preset", "generated", new / "products.csv", new / "events.csv")
        return seen[3]

    def write(self, path, like, rows):
        with open(like, newline="") as file:
            names = csv.DictReader(file).fieldnames
        with open(path, "w", newline="") as file:
            out = csv.DictWriter(file, names)
            out.writeheader()
            out.writerows(rows)

    def lists(self, f, name, *args, n=4):
        out = f / f"{name}.jsonl"
        self.good("batch", *(() if "--model" in args else ("--data", f / "data")), "--out", out, "-n", n, *args)
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        users = {line["user"]: line for line in lines}
        self.assertEqual(len(users), len(lines))
        return users

    def one(self, f, user, *args, n=4):
        got = json.loads(self.good("recommend", "--data", f / "data", "--user", user, "-n", n, "--json", *args))
        return {"user": user, "strategy": got["strategy"],
                "items": [{"id": item["id"], "score": item["score"]} for item in got["items"]]}

    def check_same_as_alone(self, f, *args):
        users = self.lists(f, "cpu", "--backend", "cpu", *args)
        self.assertGreater(len(users), 150)
        for user in ["u1", "u2", *list(users)[::29]]:
            self.assertEqual(users[user], self.one(f, user, *args))
        return users

    def test_each_list_is_what_the_user_alone_gets(self):
        with folder() as f:
            disliked = self.shop(f, "--model", "als", "--factors", "16")
            users = self.check_same_as_alone(f)
            self.assertTrue(any(item["id"] == "newborn" for line in users.values() for item in line["items"]))
            self.assertNotIn(disliked, [item["id"] for item in users["u1"]["items"]])
            self.check_same_as_alone(f, "--seen")
            half = self.check_same_as_alone(f, "--filter", '{"price_max":60}')
            self.assertNotEqual(half, users)
            for threads in (1, 3):
                self.assertEqual(self.lists(f, "again", "--backend", "cpu", "--threads", threads), users)

    def test_of_a_hybrid_too(self):
        with folder() as f:
            self.shop(f, "--model", "hybrid")
            users = self.check_same_as_alone(f)
            self.assertEqual(users["u2"]["strategy"], "hybrid")

    @unittest.skipUnless(HAS_CUDA, f"no CUDA plug-in in {PLUGINS}")
    def test_a_gpu_makes_the_same_lists(self):
        with folder() as f:
            self.shop(f, "--model", "als", "--factors", "16")
            model = ("--model", f / "data" / "models" / "000001.aisle")  # without the shop's newest events
            for args in ((), ("--seen",), ("--filter", '{"price_max":60}'), model):
                want = self.lists(f, "cpu", "--backend", "cpu", *args)
                got = self.lists(f, "cuda", *CUDA, *args)
                self.assertEqual(list(got), list(want))
                for user, lists in want.items():
                    self.assertEqual(got[user]["strategy"], lists["strategy"])
                    self.assertEqual([item["id"] for item in got[user]["items"]], [item["id"] for item in lists["items"]], user)
                    for a, b in zip(got[user]["items"], lists["items"]):
                        self.assertAlmostEqual(a["score"], b["score"], delta=1e-5)
            done = json.loads(self.good("batch", "--data", f / "data", "--out", f / "x.jsonl", "--json", *CUDA).splitlines()[-1])
            # u1 did something since, and grumpy took nothing: the scorer makes these lists
            self.assertEqual((done["event"], done["by_device"]), ("done", done["users"] - 2))
            self.assertEqual(got["grumpy"]["strategy"], "popular")

    @unittest.skipIf(os.environ.get("SANITIZED"), "sanitizers map terabytes for themselves")
    def test_long_lists_are_made_of_fewer_users_at_a_time(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            self.good("train", "--data", f / "data", "--model", "als", "--factors", "4", "--iterations", "2")
            args = ("batch", "--data", f / "data", "--out", f / "x.jsonl", "-n", "1000", "--backend", "cpu", "--threads", "1")
            limit = (1 << 30, 1 << 30)
            got = run(*args, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit),
                      env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})
            self.assertEqual(got.returncode, 0, got.stderr)

    def test_a_score_that_json_cannot_hold_is_said(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            self.good("train", "--data", f / "data", "--model", "als", "--factors", "4", "--iterations", "2", "--quantize", "f32")
            model = f / "data" / "models" / "000001.aisle"
            model.write_bytes(times(model.read_bytes(), 1e30))
            got = run("batch", "--model", model, "--out", f / "x.jsonl", "--backend", "cpu")
            self.assertEqual(got.returncode, 1, got.stderr)
            self.assertRegex(got.stderr, r'user "u\d+", item "p\d+": .* score inf')
            self.assertFalse((f / "x.jsonl").exists())

    def test_what_is_wrong_is_said_and_nothing_is_left(self):
        with folder() as f:
            got = run("batch", "--data", f / "data")
            self.assertEqual(got.returncode, 2)
            self.assertIn("--out", got.stderr)
            self.assertEqual(import_sample(f / "data").returncode, 0)
            got = run("batch", "--data", f / "data", "--out", f / "lists.jsonl")
            self.assertEqual(got.returncode, 1)
            self.assertIn("train", got.stderr)
            self.good("train", "--data", f / "data", "--factors", "8")
            for args, code, word in ((("--out", f / "no" / "lists.jsonl"), 1, "lists.jsonl"),
                                     (("--out", f / "lists.jsonl", "--backend", "abacus"), 1, "abacus"),
                                     (("--out", f / "lists.jsonl", "--filter", "{"), 2, "filter")):
                got = run("batch", "--data", f / "data", *args)
                self.assertEqual(got.returncode, code, got.stderr)
                self.assertIn(word, got.stderr)
            self.assertEqual([p.name for p in f.iterdir()], ["data"])


if __name__ == "__main__":
    unittest.main()
