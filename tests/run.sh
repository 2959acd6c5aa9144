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

export ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=1"
export ARCHER_OPTIONS="verbose=0"

for preset in ${*:-asan tsan dev}; do
  run "$preset"
done
