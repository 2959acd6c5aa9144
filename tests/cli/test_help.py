"""Help texts are golden files: AISLE_UPDATE_GOLDEN=1 writes them anew, and the diff is then read by a person."""
import os
import pathlib
import re
import unittest

from program import run

GOLDEN = pathlib.Path(__file__).parent / "golden"


def commands():
    return re.findall(r"^  (\w+) ", run("--help").stdout, re.M)


class Help(unittest.TestCase):
    maxDiff = None

    def check(self, name, text):
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("AISLE_UPDATE_GOLDEN"):
            path.write_text(text)
        self.assertEqual(text, path.read_text(), f"{path}: differs; AISLE_UPDATE_GOLDEN=1 rewrites it")

    def test_every_command_explains_itself(self):
        names = commands()
        self.assertGreater(len(names), 9)
        for name in names:
            with self.subTest(name):
                got = run(name, "--help")
                self.assertEqual((got.returncode, got.stderr), (0, ""))
                self.check(name, got.stdout)
                self.assertLessEqual(max(map(len, got.stdout.splitlines())), 105, "wider than a terminal")

    def test_help_of_a_command_is_the_command_with_help(self):
        self.assertEqual(run("help", "train").stdout, run("train", "--help").stdout)
        got = run("help", "nonsense")
        self.assertEqual((got.returncode, got.stdout), (2, ""))
        self.assertIn("nonsense", got.stderr)

    def test_the_program_lists_its_commands(self):
        got = run("--help")
        self.assertEqual(got.returncode, 0)
        self.check("aisle", got.stdout)

    def test_no_golden_file_is_left_over(self):
        self.assertEqual(sorted(p.stem for p in GOLDEN.glob("*.txt")), sorted(commands() + ["aisle"]))

    def test_misuse_exits_2_with_one_line(self):
        for args in (["nonsense"], ["train", "--nonsense"], ["train", "extra"], ["inspect"], ["serve", "--port"]):
            with self.subTest(args):
                got = run(*args)
                self.assertEqual((got.returncode, got.stdout), (2, ""))
                self.assertEqual(len(got.stderr.splitlines()), 1, got.stderr)
                self.assertIn("--help", got.stderr)

    def test_no_arguments_prints_usage_to_stderr(self):
        got = run()
        self.assertEqual((got.returncode, got.stdout), (2, ""))


if __name__ == "__main__":
    unittest.main()
