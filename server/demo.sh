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
fail() {
  echo "server/demo.sh: $*" >&2
  exit 1
}
aisle=build/release/aisle
shop=build/demo-shop
port=${AISLE_PORT:-8080}
if $once; then
  shop+=-once # beside a demo that is serving
  port=0
elif (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
  fail "port $port is in use; choose another: AISLE_PORT=8081 server/demo.sh"
fi

./install-deps.sh build
say "build (a minute, the first time)"
mkdir -p build
log=build/demo-build.log
{ cmake --preset release -G Ninja && cmake --build --preset release --target aisle_program; } >"$log" 2>&1 || {
  tail -n 40 "$log" >&2
  fail "the build failed; all of its output is in $log"
}
$aisle --version

say "a year of a made-up shop: 3,000 people, 1,500 products"
rm -rf "$shop"
mkdir "$shop"
$aisle generate --out "$shop/files" --users 3000 --items 1500 --events 120000 --seed 7
$aisle import --data "$shop/data" --preset generated "$shop/files/"{products,users,events}.csv
say "how good are the models? Trained without the newest fifth of the events, asked to rank what was taken in it"
$aisle evaluate --data "$shop/data" --split time --at 10 --bootstrap 100
say "train on everything"
$aisle train --data "$shop/data"
say "recommendations for u42, and why"
$aisle recommend --data "$shop/data" --user u42 -n 5 --explain

if ! $once; then
  url=http://127.0.0.1:$port
  say "serve on $url: look at it in a browser; Ctrl-C ends it. Or in another terminal:"
  cat <<END
curl '$url/v1/recommendations?user=u42&limit=3'
curl '$url/v1/products/p526/related?limit=3'
curl -H 'Content-Type: application/json' -d '[{"type":"view","session":"me","item":"p526"}]' $url/v1/events
curl '$url/v1/recommendations?session=me&limit=3'       # an answer to that view, a moment later
curl $url/openapi.yaml                                  # everything else
END
  exec $aisle serve --data "$shop/data" --port "$port"
fi

say "serve, and check the answers"
$aisle serve --data "$shop/data" --port 0 >"$shop/serve.out" 2>"$shop/serve.err" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  url=$(grep -o 'http://[0-9.:]*' "$shop/serve.out" || true)
  [ -z "$url" ] || break
  kill -0 "$server" 2>/dev/null || { cat "$shop/serve.err" >&2; exit 1; }
  sleep .1
done
[ -n "$url" ] || fail "the server did not say its address; see $shop/serve.err"

expect() { # WHAT PATTERN CURL-ARGUMENTS...
  local what=$1 pattern=$2 answer
  shift 2
  answer=$(curl -sS --max-time 10 "$@") || fail "$what: no answer"
  grep -qE "$pattern" <<<"$answer" || fail "$what: wanted $pattern, got"$'\n'"$answer"
  echo "ok  $what"
}
json=(-H 'Content-Type: application/json')
expect "the server is ready" '"ready": *true' "$url/readyz"
expect "products are listed" '"total": *1500' "$url/v1/products?limit=2"
expect "a known user gets recommendations with names" '"strategy": *"hybrid".*"title"' "$url/v1/recommendations?user=u42&limit=5"
expect "an unknown user gets what is popular" '"strategy": *"popular"' "$url/v1/recommendations?user=nobody&limit=5"
expect "each answer says what it is made of" '"parts": *\[ *\{ *"part"' "$url/v1/recommendations?user=u42&limit=5&explain=true"
item=$(curl -sS "$url/v1/trending?limit=1" | grep -o '"id": *"[^"]*"' | cut -d'"' -f4)
[ -n "$item" ] || fail "nothing is trending"
expect "an event is stored" '"status": *"stored"' "${json[@]}" -d "[{\"type\":\"view\",\"session\":\"demo\",\"item\":\"$item\"}]" "$url/v1/events"
expect "the next answer reflects it" '"strategy": *"hybrid"' "${json[@]}" -d '{"session":"demo","limit":5}' "$url/v1/recommendations"
expect "related products" '"items": *\[ *\{' "$url/v1/products/$item/related?limit=5"
expect "a wrong request is explained" '"code": *"validation_failed"' "$url/v1/recommendations?user=u42&limit=0"
kill -TERM "$server"
wait "$server"
trap - EXIT
say "all answers are right"
