#!/usr/bin/env bash
# install-deps.sh build|test: installs the Debian packages that are missing, and only then needs root and a network.
set -euo pipefail

# library or tool      why
build_packages=(
  build-essential      # C17 compiler and linker
  cmake ninja-build pkg-config
  libevent-dev         # loops, sockets, timers, TLS
  libjansson-dev       # JSON
  libsqlite3-dev       # the embedded store
  libopenblas-pthread-dev # dense linear algebra and LAPACK
  libgomp1             # OpenMP run time
  libstemmer-dev       # Snowball stemmers
  libsodium-dev        # hashes of keys and records
  libssl-dev           # TLS
  libzstd-dev zlib1g-dev # compressed imports, checksums
  libutf8proc-dev      # Unicode folding
  curl                 # the demo asks its own server
  python3-minimal python3 python3-yaml # the API's page is made from its description
)
test_packages=(
  "${build_packages[@]}"
  libcriterion-dev     # unit tests
  python3-jsonschema   # answers against the API description; the black-box tests are Python
  clang-14 libclang-rt-14-dev llvm-14 # ThreadSanitizer build, fuzzers
  libomp-14-dev        # an OpenMP run time that ThreadSanitizer understands
  zstd sqlite3 openssl # files and certificates to test with
  faketime             # clocks that jump
)

case "${1:-}" in
build) packages=("${build_packages[@]}") ;;
test) packages=("${test_packages[@]}") ;;
*)
  echo "usage: $0 build|test" >&2
  exit 2
  ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "$0: not a Debian system; install the equivalents of: ${packages[*]}" >&2
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "$0: run as root, or install: ${missing[*]}" >&2; exit 1; }
  root=(sudo)
fi
echo "installing: ${missing[*]}" >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}" >&2
