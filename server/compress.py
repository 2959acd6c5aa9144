"""compress.py FROM TO: every script, style and image below FROM, packed by gzip, under the same name below TO. The same bytes at every
build."""
import gzip
import pathlib
import sys

source, target = map(pathlib.Path, sys.argv[1:])
for path in sorted(source.rglob("*")):
    if path.suffix in (".js", ".css", ".svg"):
        packed = target / path.relative_to(source)
        packed.parent.mkdir(parents=True, exist_ok=True)
        packed.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
