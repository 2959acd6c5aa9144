#!/usr/bin/env python3
"""Turns adjacency lists (a user's id, then the items', one user a line, all numbers) into a binary CSR for --matrix.

lists_to_csr.py LISTS FILE. The format is in include/aisle/matrix_file.h; every weight is 1, repeated items count once.
"""
import array
import sys


def part(out, numbers):
    out.write(b"\0" * (-out.tell() % 64))  # each part starts at a multiple of 64
    numbers.tofile(out)


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    rows = {}
    with open(sys.argv[1], encoding="ascii") as lists:
        for line in lists:
            ids = [int(text) for text in line.split()]
            if ids:
                rows.setdefault(ids[0], set()).update(ids[1:])
    row_ptr, col = array.array("q", [0]), array.array("i")
    for user in range(max(rows, default=-1) + 1):
        col.extend(sorted(rows.get(user, ())))
        row_ptr.append(len(col))
    sizes = array.array("q", [len(row_ptr) - 1, max(col, default=-1) + 1, len(col)])
    with open(sys.argv[2], "wb") as out:
        out.write(b"AISLECSR" + array.array("I", [1, 0]).tobytes() + sizes.tobytes())
        part(out, row_ptr)
        part(out, col)
    print(f"{sizes[0]} users x {sizes[1]} items, {sizes[2]} entries", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
