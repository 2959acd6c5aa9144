"""Layout rules: the fixed top level, unique file names, line 1 says what a file is, no file past 800 lines, no fast-math,
migrations numbered without gap or repetition."""
import collections
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
TOP = {"cpu", "gpu", "server", "include", "bench", "tests", "datasets"}
REPEATED = {"CMakeLists.txt", "README.md"}


def tracked():
    try:
        out = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True)
    except FileNotFoundError:
        out = None
    if not out or out.returncode:  # no git, or a source archive: look at the folders themselves
        return [p.relative_to(ROOT) for top in TOP for p in (ROOT / top).rglob("*") if p.is_file()]
    return [pathlib.Path(p) for p in out.stdout.decode().split("\0") if p]


def main():
    bad, files = [], [p for p in tracked() if (ROOT / p).is_file()]
    for path in files:
        top = path.parts[0]
        if len(path.parts) > 1 and top not in TOP and not top.startswith("."):
            bad.append(f"{path}: {top}/ is not one of the top-level folders")
    code = [p for p in files if p.suffix in (".c", ".h", ".cu", ".cuh")]
    names = collections.Counter(p.name for p in code)
    bad += [f"{name}: {n} files have this name" for name, n in names.items() if n > 1 and name not in REPEATED]
    for path in code:
        lines = (ROOT / path).read_text().splitlines()
        if not lines or not lines[0].startswith("/*"):
            bad.append(f"{path}: line 1 does not say what the file is")
        if len(lines) > 800:
            bad.append(f"{path}: {len(lines)} lines; at most 800")
    for path in files:
        if path.name == "CMakeLists.txt" or path.suffix in (".cmake", ".json"):
            text = (ROOT / path).read_text()
            if "ffast-math" in text or "-Ofast" in text:
                bad.append(f"{path}: fast-math deletes NaN checks")
    numbers = sorted(int(p.name[:4]) for p in files if p.parent.as_posix() == "server/sql/migrations")
    if numbers != list(range(1, len(numbers) + 1)):
        bad.append(f"server/sql/migrations: numbered {numbers}; each number once, without gap")
    print("\n".join(bad) or f"{len(code)} source files: layout holds")
    return 1 if bad or len(code) < 20 else 0


sys.exit(main())
