#!/usr/bin/env bash
# From a bare machine to a running shop: installs, builds, makes a shop, trains, evaluates, recommends, serves.
#   server/demo.sh          serves on http://127.0.0.1:8080 until Ctrl-C  (AISLE_PORT=... for another port)
#   server/demo.sh --once   checks its own answers over HTTP and exits
set -euo pipefail
cd "$(dirname "$0")/.."

once=false
case "${1:-}" in
"") ;;
--once) once=true ;;
*)
  echo "usage: server/demo.sh [--once]" >&2
  exit 2
  ;;
esac

say() { printf '\n== %s\n' "$*"; }
build=build/release
shop=build/demo-shop
aisle=$build/aisle

./install-deps.sh build
say "build"
cmake --preset release -G Ninja >build-demo.tmp 2>&1 && cmake --build --preset release >>build-demo.tmp 2>&1 || {
  cat build-demo.tmp >&2
  exit 1
}
rm -f build-demo.tmp

say "make a shop: 3,000 people, 1,500 products, a year of events"
rm -rf "$shop"
mkdir -p "$shop"
$aisle generate --out "$shop/files" --users 3000 --items 1500 --events 120000 --seed 7
say "import it"
$aisle import --data "$shop/data" --preset generated "$shop/files/products.csv" "$shop/files/users.csv" "$shop/files/events.csv"
say "how good is it? The last fifth of the year is held out"
$aisle evaluate --data "$shop/data" --split time --at 5,10,20
say "train on everything"
$aisle train --data "$shop/data"
say "recommendations for user u42"
$aisle recommend --data "$shop/data" --user u42 -n 8 --explain

port=${AISLE_PORT:-8080}
if ! $once; then
  say "serve; Ctrl-C ends it"
  echo "try: curl 'http://127.0.0.1:$port/v1/recommendations?user=u42&limit=5'"
  exec $aisle serve --data "$shop/data" --port "$port"
fi

say "serve, and check the answers"
$aisle serve --data "$shop/data" --port 0 >"$shop/serve.out" 2>"$shop/serve.err" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  url=$(grep -o 'http://[0-9.:]*' "$shop/serve.out" || true)
  [ -z "$url" ] || break
  kill -0 "$server" 2>/dev/null || { cat "$shop/serve.err" >&2; exit 1; }
  sleep .1
done
[ -n "$url" ] || { echo "the server did not say its address" >&2; exit 1; }

expect() { # WHAT PATTERN CURL-ARGUMENTS...
  local what=$1 pattern=$2 answer
  shift 2
  answer=$(curl -sS --max-time 10 "$@") || { echo "FAILED $what: no answer" >&2; exit 1; }
  grep -qE "$pattern" <<<"$answer" || { printf 'FAILED %s: wanted %s, got\n%s\n' "$what" "$pattern" "$answer" >&2; exit 1; }
  echo "ok  $what"
}
json=(-H 'Content-Type: application/json')
expect "the server is ready" '"status": *"ready"' "$url/readyz"
expect "products are listed" '"total": *1500' "$url/v1/products?limit=2"
expect "a known user gets personal recommendations with names" '"strategy": *"personal".*"title"' "$url/v1/recommendations?user=u42&limit=5"
expect "an unknown user gets what is popular" '"strategy": *"popular"' "$url/v1/recommendations?user=nobody&limit=5"
item=$(curl -sS "$url/v1/products?limit=1" | grep -o '"id": *"[^"]*"' | head -n 1 | cut -d'"' -f4)
expect "an event is stored" '"status": *"(accepted|created)"' "${json[@]}" -d "[{\"type\":\"view\",\"session\":\"demo\",\"item\":\"$item\"}]" "$url/v1/events"
expect "the next answer reflects it" '"strategy": *"session"' "${json[@]}" -d '{"session":"demo","limit":5}' "$url/v1/recommendations"
expect "related products" '"items": *\[ *\{' "$url/v1/products/$item/related?limit=5"
expect "trending products" '"items": *\[ *\{' "$url/v1/trending?limit=5"
expect "a wrong request is explained" '"code": *"validation_failed"' "$url/v1/recommendations?user=u42&limit=0"
kill -TERM "$server"
wait "$server"
trap - EXIT
say "all answers are right"
