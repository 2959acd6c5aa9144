#!/usr/bin/env bash
# Installs what is missing, builds and runs every test: under AddressSanitizer and UndefinedBehaviorSanitizer, under
# ThreadSanitizer, and as the ordinary build. `tests/run.sh dev` runs one of asan, tsan, dev.
set -euo pipefail
cd "$(dirname "$0")/.."

./install-deps.sh test

run() { # PRESET
  echo "== $1"
  cmake --preset "$1" -G Ninja
  cmake --build --preset "$1"
  ctest --preset "$1" --timeout 300 -j 2
}

for preset in ${*:-asan tsan dev}; do
  run "$preset"
done
