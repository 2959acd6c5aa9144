"""Runs one browser test: drive.py NAME serves a shop and runs test_NAME.mjs against it. Exit code 77: skipped, and why is said.

drive.py serve       serves the tests' shop until Ctrl-C, to look at what a test sees
drive.py lighthouse  asks Lighthouse about the shop's pages (see tests/README.md); its packages are fetched at the first time
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "server"))
import shop  # noqa: E402

PACKAGES = pathlib.Path(os.environ.get("AISLE_BROWSER_PACKAGES", HERE.parents[1] / "build" / "browser"))
CHROMIUM = os.environ.get("AISLE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SKIPPED = 77
LIGHTHOUSE, WANTED = "lighthouse@12.8.2", 95


def missing():
    """What the browser tests lack on this machine, or None."""
    if not CHROMIUM:
        return "no Chromium (./install-deps.sh test, or AISLE_CHROMIUM)"
    if not shutil.which("node"):
        return "no Node.js (./install-deps.sh test)"
    for package in ("playwright-core", "axe-core"):
        if not (PACKAGES / "node_modules" / package).is_dir():
            return f"no npm package {package} in {PACKAGES} (./install-deps.sh test, with a registry in reach)"
    return None


def node(server, *command, **more):
    env = {**os.environ, "AISLE_URL": f"http://127.0.0.1:{server.port}", "AISLE_DATA_FOLDER": str(server.data), "AISLE": str(pathlib.Path(shop.AISLE).resolve()),
           "AISLE_BROWSER_PACKAGES": str(PACKAGES), "AISLE_CHROMIUM": CHROMIUM, **more}
    return subprocess.run(["node", *map(str, command)], env=env).returncode


def lighthouse(server):
    """Asks about a page of each kind, on a phone and a desktop; the reports stand in build/lighthouse. 1 when one is below WANTED."""
    place = PACKAGES.parent / "lighthouse"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "node_modules" / "lighthouse").is_dir():
        subprocess.run(["npm", "install", "--prefix", place, "--ignore-scripts", "--no-audit", "--no-fund", LIGHTHOUSE], check=True)
    product = server.get("/v1/products?sort=popular&limit=1").json["items"][0]
    worst = 100
    for path in ("/", f"/product/{product['id']}", "/search?q=cotton", "/category/Home"):
        for form in ("mobile", "desktop"):
            out = place / f"{path.strip('/').replace('/', '-').replace('?', '-') or 'home'}-{form}.json"
            node(server, place / "node_modules" / "lighthouse" / "cli" / "index.js", f"http://127.0.0.1:{server.port}{path}", "--quiet", "--output=json",
                 f"--output-path={out}", "--only-categories=performance,accessibility,best-practices", *(["--preset=desktop"] if form == "desktop" else []),
                 "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic --disable-sync", CHROME_PATH=CHROMIUM)
            report = json.loads(out.read_text())
            scores = {name: round(100 * (c["score"] or 0)) for name, c in report["categories"].items()}
            poor = [a["id"] for a in report["audits"].values() if a["score"] is not None and a["score"] < 0.9 and a["scoreDisplayMode"] != "informative"]
            worst = min(worst, *scores.values())
            print(f"{path:30} {form:8} " + " ".join(f"{k} {v:3}" for k, v in scores.items()) + "  " + ", ".join(poor), flush=True)
    return int(worst < WANTED)


def main(name):
    why = missing()
    if why:
        print(f"browser.{name}: skipped: {why}")
        return SKIPPED
    with shop.serving() as server:
        if name == "serve":
            print(f"http://127.0.0.1:{server.port}")
            return server.process.wait()
        if name == "lighthouse":
            return lighthouse(server)
        return node(server, HERE / f"test_{name}.mjs")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
