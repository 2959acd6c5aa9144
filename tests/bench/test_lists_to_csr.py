"""bench/lists_to_csr.py: the bytes of include/aisle/matrix_file.h, row by row."""
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "bench" / "lists_to_csr.py"


class ListsToCsr(unittest.TestCase):
    def test_rows_are_sorted_and_gaps_are_empty(self):
        with tempfile.TemporaryDirectory() as folder:
            lists, out = pathlib.Path(folder) / "lists", pathlib.Path(folder) / "out"
            lists.write_text("0 3 1 1\n2 0 5\n\n")
            subprocess.run([sys.executable, PROGRAM, lists, out], check=True, capture_output=True)
            data = out.read_bytes()
        self.assertEqual(struct.unpack("<8s2I3q", data[:40]), (b"AISLECSR", 1, 0, 3, 6, 4))
        self.assertEqual(struct.unpack("<4q", data[64:96]), (0, 2, 2, 4))
        self.assertEqual(struct.unpack("<4i", data[128:]), (1, 3, 0, 5))


if __name__ == "__main__":
    unittest.main()
