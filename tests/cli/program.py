"""Runs the program under test ($AISLE) and makes small shops for it. Shared by the tests of this folder."""
import contextlib
import pathlib
import shutil
import subprocess
import os
import tempfile

AISLE = os.environ["AISLE"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = SOURCE / "datasets" / "sample"


def run(*args, timeout=120, **more):
    return subprocess.run([AISLE, *map(str, args)], capture_output=True, text=True, timeout=timeout, **more)


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="aisle-cli-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def import_sample(data):
    return run("import", "--data", data, "--preset", "generated", *(SAMPLE / f"{n}.csv" for n in ("products", "users", "events")))


def tree(path):
    """Every file below path with its size: to see that nothing was left or changed."""
    return sorted((str(p.relative_to(path)), p.stat().st_size) for p in path.rglob("*") if p.is_file())
