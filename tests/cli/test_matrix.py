"""aisle matrix: what it writes, what it says, and that nothing is left when it fails."""
import json
import struct
import subprocess
import unittest

from program import AISLE, folder, run, tree


def csr(path):
    """(rows, columns, [(row, column, value)]) of a binary matrix file."""
    data = path.read_bytes()
    rows, cols, nnz = struct.unpack_from("<qqq", data, 16)
    at = 64
    ptr = struct.unpack_from(f"<{rows + 1}q", data, at)
    at = (at + 8 * (rows + 1) + 63) // 64 * 64
    col = struct.unpack_from(f"<{nnz}i", data, at)
    at = (at + 4 * nnz + 63) // 64 * 64
    val = struct.unpack_from(f"<{nnz}f", data, at)
    return rows, cols, [(r, col[e], val[e]) for r in range(rows) for e in range(ptr[r], ptr[r + 1])]


class Matrix(unittest.TestCase):
    def test_a_file_becomes_a_matrix_and_lists_of_ids(self):
        with folder() as f:
            (f / "r.csv").write_text("user,item,value\nbob,30,2\namy,10,1.5\nbob,10,1\nbob,30,3\n")
            got = run("matrix", f / "r.csv", "-o", f / "r.csr", "--ids", f / "r")
            self.assertEqual((got.returncode, got.stderr), (0, ""))
            self.assertIn("4 lines", got.stdout)
            self.assertIn("2 users, 2 items, 3 entries", got.stdout)
            self.assertIn("1 lines merged", got.stdout)
            self.assertEqual(csr(f / "r.csr"), (2, 2, [(0, 0, 1), (0, 1, 5), (1, 0, 1.5)]))
            self.assertEqual((f / "r.users.txt").read_text(), "bob\namy\n")
            self.assertEqual((f / "r.items.txt").read_text(), "10\n30\n")

    def test_standard_input_and_json(self):
        text = "1::2::3\n1::2::4\nbad\n"
        args = [AISLE, "matrix", "-", "--duplicates", "last", "--skip-bad", "--threads", "2", "--json"]
        got = subprocess.run(args, input=text, capture_output=True, text=True, timeout=120)
        self.assertEqual((got.returncode, got.stderr), (0, ""))
        line = json.loads(got.stdout.splitlines()[-1])
        self.assertEqual([line[k] for k in ("event", "lines", "bad", "merged", "entries", "bytes")], ["done", 2, 1, 1, 1, len(text)])

    def test_failures_leave_nothing_and_name_the_place(self):
        with folder() as f:
            (f / "bad.csv").write_text("1,2,3\n4,5,x\n")
            (f / "good.csv").write_text("1,2,3\n")
            before = tree(f)
            for args, code, what in (
                (["bad.csv", "-o", f / "o.csr", "--ids", f / "o"], 1, "line 2, column 3: got 'x'"),
                (["none.csv"], 1, "none.csv"),
                (["good.csv", "-o", f / "good.csv"], 1, "--force"),
                (["good.csv", "--separator", "7"], 2, "separator '7'"),
                (["good.csv", "-o", f / "none" / "o.csr"], 1, "none"),
            ):
                with self.subTest(what):
                    got = run("matrix", *args, cwd=f)
                    self.assertEqual((got.returncode, got.stdout, len(got.stderr.splitlines())), (code, "", 1), got.stderr)
                    self.assertIn(what, got.stderr)
                    self.assertEqual(tree(f), before)


if __name__ == "__main__":
    unittest.main()
