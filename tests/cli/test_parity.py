"""Training on the CUDA back-end is training on the cpu one: the same objective and the same quality. Here its device is the
one made of the CPU (tests/softgpu); AISLE_BACKEND_DIR names another folder, on a machine with a GPU the one of the real plug-in."""
import json
import os
import pathlib
import unittest

from program import folder, import_sample, run

PLUGINS = pathlib.Path(os.environ.get("AISLE_BACKEND_DIR") or os.environ["SOFTGPU"])
SETTINGS = ("--factors", "24", "--iterations", "6", "--seed", "5")


@unittest.skipUnless((PLUGINS / "libaisle_backend_cuda.so").exists(), f"no CUDA plug-in in {PLUGINS}")
class Parity(unittest.TestCase):
    def lines(self, *args):
        got = run(*args, "--json")
        self.assertEqual(got.returncode, 0, got.stderr)
        return [json.loads(line) for line in got.stdout.splitlines()]

    def backends(self):
        yield "cpu", ("--backend", "cpu")
        for parts in (1, 2):
            yield f"cuda, {parts} GPUs", ("--backend", "cuda", "--backend-dir", PLUGINS, "--devices", parts)

    def test_every_iteration_has_the_loss_of_the_cpu(self):
        # of auto only the end is the same: what it takes for a row, exact or stepped, hangs on what each back-end costs
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            # three steps from a random start carry rounding on: the cpu differs from itself by 2e-4 when its compiler adds in another order
            for solver, bound in (("exact", 1e-5), ("cholesky", 1e-5), ("pcg", 1e-3), ("cg", 1e-3)):
                want = None
                for name, backend in self.backends():
                    lines = self.lines("train", "--data", f / "data", "--out", f / "m.aisle", "--solver", solver, *SETTINGS, *backend)
                    losses = [line["loss"] for line in lines if line.get("event") == "iteration"]
                    self.assertEqual(len(losses), 6)
                    want = want or losses
                    for got, wanted in zip(losses, want):
                        self.assertLessEqual(abs(got - wanted), bound * wanted, f"{name}, {solver}: {losses}, wanted {want}")

    def test_quality_is_that_of_the_cpu(self):
        with folder() as f:
            self.assertEqual(import_sample(f / "data").returncode, 0)
            want = None
            for name, backend in self.backends():
                (line,) = self.lines("evaluate", "--data", f / "data", "--models", "als,content", "--at", "20", "--solver", "exact",
                                     *SETTINGS, *backend)[-1:]
                got = {model: {metric: line["models"][model]["at"][0][metric]["mean"] for metric in ("ndcg", "recall", "map")}
                       for model in ("als", "content")}
                want = want or got
                for model, metrics in got.items():
                    for metric, value in metrics.items():
                        self.assertAlmostEqual(value, want[model][metric], delta=.002, msg=f"{name}: {metric} of {model}")


if __name__ == "__main__":
    unittest.main()
