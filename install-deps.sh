#!/usr/bin/env bash
# install-deps.sh build|test: installs the Debian packages that are missing, and only then needs root and a network. For the
# browser tests it also puts two npm packages into build/browser; without them those tests are skipped.
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
# The pages in a real browser, driven by Node.js; one from elsewhere is as good, and Debian's packages would be in its way.
# Without these the browser tests are skipped.
browser_packages=()
command -v chromium >/dev/null || browser_packages+=(chromium)
command -v node >/dev/null || browser_packages+=(nodejs)
command -v npm >/dev/null || browser_packages+=(npm)

case "${1:-}" in
build) packages=("${build_packages[@]}") ;;
test) packages=("${test_packages[@]}") ;;
*)
  echo "usage: $0 build|test" >&2
  exit 2
  ;;
esac

# playwright-core and axe-core, as tests/browser/package-lock.json pins them; npm's own settings say where from.
npm_packages() {
  local from to name
  from=$(cd "$(dirname "$0")" && pwd)/tests/browser
  to=$from/../../build/browser
  cmp -s "$from/package-lock.json" "$to/installed.json" && return
  mkdir -p "$to"
  for name in package.json package-lock.json .npmrc; do cp "$from/$name" "$to/"; done
  if (cd "$to" && timeout 180 npm ci --ignore-scripts --no-audit --no-fund --fetch-retries 1 >&2); then
    cp "$from/package-lock.json" "$to/installed.json"
  else
    echo "$0: npm packages for the browser tests cannot be had; those tests are skipped" >&2
  fi
}

if ! command -v dpkg-query >/dev/null; then
  echo "$0: not a Debian system; install the equivalents of: ${packages[*]}" >&2
  exit 0
fi
install() {
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "$0: run as root, or install: $*" >&2; return 1; }
    root=(sudo)
  fi
  echo "installing: $*" >&2
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update >&2 &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$@" >&2
}
missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  install "${missing[@]}"
fi
if [ "$1" = test ]; then
  [ ${#browser_packages[@]} -eq 0 ] || install "${browser_packages[@]}" || echo "$0: no browser; its tests are skipped" >&2
  npm_packages
fi
