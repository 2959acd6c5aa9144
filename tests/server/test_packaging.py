"""The systemd unit and the Dockerfile say what is true of the program: its options, its settings, the libraries that it loads."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import shop

UNIT = shop.SOURCE / "server" / "aisle.service"
DOCKERFILE = (shop.SOURCE / "Dockerfile").read_text()


def settings(environment):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AISLE_")}
    with tempfile.NamedTemporaryFile(suffix=".conf") as f:
        done = subprocess.run([shop.AISLE, "config", "--config", f.name, "--print"], capture_output=True, text=True, env={**env, **environment})
    assert done.returncode == 0, done.stderr
    return dict(line.split(" = ", 1) for line in done.stdout.splitlines() if not line.startswith("#"))


class Packaging(unittest.TestCase):
    def test_the_environment_that_they_set_is_that_of_settings(self):
        for text, pattern in ((UNIT.read_text(), r"^Environment=(.*)$"), (DOCKERFILE, r"^ENV (.*)$")):
            given = dict(pair.split("=", 1) for pair in re.search(pattern, text, re.M)[1].split())
            got = settings(given)
            for name, value in given.items():
                self.assertEqual(got[name.removeprefix("AISLE_SERVE_").lower().replace("_", "-")], value)

    def test_the_image_has_the_libraries_that_the_program_loads(self):
        if not shutil.which("dpkg-query") or not shutil.which("objdump"):
            self.skipTest("no dpkg-query or objdump here")
        run_time = DOCKERFILE.split("FROM")[-1].replace("\\\n", " ")
        packages = set(re.search(r"--no-install-recommends(.*?)&&", run_time, re.S)[1].split())
        needed = re.findall(r"NEEDED\s+(\S+)", subprocess.run(["objdump", "-p", shop.AISLE], capture_output=True, text=True, check=True).stdout)
        sanitizers = ("libasan", "libubsan", "libtsan", "libomp")  # libomp: of the build for ThreadSanitizer
        for library in needed:
            if library.startswith(("libc.", "libm.", "libgcc_s", "ld-linux", *sanitizers)):
                continue
            done = subprocess.run(["dpkg-query", "-S", f"*/{library}"], capture_output=True, text=True)
            owners = {line.split(":")[0] for line in done.stdout.splitlines()}
            if not owners:  # openblas: an alternative that no package owns
                owners = {"libopenblas0-pthread"} if "blas" in library or "lapack" in library else set()
            self.assertTrue(owners & packages, f"{library} of {owners} is not in the image")

    def test_the_unit_holds_by_systemd(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("no systemd-analyze here")
        with tempfile.TemporaryDirectory() as top:
            path = f"{top}/aisle.service"
            with open(path, "w") as f:
                f.write(UNIT.read_text().replace("/usr/local/bin/aisle", "/bin/true"))
            done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True, timeout=60)
            if "Failed to" in done.stderr and "bus" in done.stderr:
                self.skipTest("systemd-analyze cannot work here")
            self.assertEqual((done.returncode, [line for line in done.stderr.splitlines() if "aisle.service" in line]), (0, []))


if __name__ == "__main__":
    unittest.main()
