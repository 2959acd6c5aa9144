"""The arrows between folders go one way: server -> cpu -> include, gpu -> include, datasets -> include.

Across top-level folders only include/aisle/*.h may be included; tests and bench may include anything.
Vendor headers stop where ARCHITECTURE says: sqlite3 in server/store, libevent in server/http (and where the server starts).
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)

# folder -> prefixes its quoted includes may begin with
ALLOWED = {
    "include": ("aisle/",),
    "cpu": ("aisle/", "cpu/"),
    "gpu": ("aisle/", "gpu/"),
    "datasets": ("aisle/", "datasets/"),
    "server": ("aisle/", "server/"),
}
# system header -> folders that may include it
VENDOR = {
    "sqlite3.h": ("server/store/",),
    "event2/": ("server/http/",),
    "openssl/": ("server/http/",),
    "cblas.h": ("cpu/",),
    "sodium.h": ("server/auth/", "server/store/", "server/catalogue/"),
    "libstemmer.h": ("cpu/text/",),
    "cuda_runtime.h": ("gpu/",),
}


def faults(path, text):
    name = path.relative_to(ROOT).as_posix()
    top = name.split("/")[0]
    for quote, target in INCLUDE.findall(text):
        if quote == '"' and not target.startswith(ALLOWED[top]):
            yield f"{name}: includes {target}; {top}/ may include {', '.join(ALLOWED[top])}"
        for header, folders in VENDOR.items():
            if target.startswith(header) and not name.startswith(folders):
                yield f"{name}: includes {target}; only {', '.join(folders)} may"


def main():
    bad, seen = [], 0
    for top in ALLOWED:
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in (".c", ".h", ".cu", ".cuh"):
                seen += 1
                bad += faults(path, path.read_text())
    planted = list(faults(ROOT / "cpu/x.c", '#include "server/app.h"\n#include <sqlite3.h>\n'))
    if len(planted) != 2:
        bad.append("the check does not see a planted wrong include")
    print("\n".join(bad) or f"{seen} files: every include follows the arrows")
    return 1 if bad or seen < 20 else 0


sys.exit(main())
