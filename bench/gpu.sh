#!/usr/bin/env bash
# gpu.sh: on a machine with a GPU, builds the engine alone, checks its results, times it, prints one table and writes
# JSON lines. Needs bash, gcc, CMake 3.25 and the CUDA toolkit; OpenBLAS of the system or of --deps. Under 8 minutes.
set -u
here=$PWD
PATH=$PATH:/usr/local/cuda/bin:/usr/local/cuda/compute-sanitizer:/usr/local/nvidia/bin # where NVIDIA's packages put them
if ! command -v cmake >/dev/null; then # it may be there as a package of Python
  packaged=$(python3 -c 'import cmake; print(cmake.CMAKE_BIN_DIR)' 2>/dev/null) && PATH=$PATH:$packaged
fi
cd "$(dirname "$0")/.." || exit 1

usage() {
  cat <<'END'
usage: bench/gpu.sh [options]
  --deps DIR         Debian packages (*.deb) or their unpacked content (DIR/usr/...), used where the system has no
                     OpenBLAS: libopenblas0-pthread libopenblas-pthread-dev libgfortran5 libquadmath0 (13 MB)
  --build DIR        where to build (build/gpu)
  --out FILE         the JSON lines (bench/results/gpu-NAME-DATE.jsonl)
  --name NAME        NAME of that file and of the device in it (what the driver calls the GPU)
  --ordinal N        which GPU (0)
  --backend NAME     cuda (default), or cpu: the whole path without a GPU
  --backend-dir DIR  use the plug-in of this folder and build none
  --size SIZE        full (default), small, tiny; --small is --size small
  --dry-run          --backend cpu --size small
  --matrix FILE      also time ALS on this binary CSR (bench/README.md says how to make one)
  --seconds N        time for everything (450); more on a slow machine
END
}

deps='' build=build/gpu out='' name='' ordinal=0 backend=cuda backend_dir='' size=full matrix='' seconds=450
absolute() { case $1 in /*) echo "$1" ;; *) echo "$here/$1" ;; esac; }
while [ $# -gt 0 ]; do
  case $1 in
  --deps | --build | --out | --name | --ordinal | --backend | --backend-dir | --size | --matrix | --seconds)
    [ $# -gt 1 ] || { echo "$0: $1 needs a value" >&2; exit 2; } ;;&
  --deps) deps=$(absolute "$2"); shift ;;
  --build) build=$(absolute "$2"); shift ;;
  --out) out=$(absolute "$2"); shift ;;
  --name) name=$2; shift ;;
  --ordinal) ordinal=$2; export CUDA_VISIBLE_DEVICES=$2; shift ;; # the only one then, for every program below
  --backend) backend=$2; shift ;;
  --backend-dir) backend_dir=$(absolute "$2"); shift ;;
  --size) size=$2; shift ;;
  --small) size=small ;;
  --dry-run) backend=cpu size=small ;;
  --matrix) matrix=$(absolute "$2"); shift ;;
  --seconds) seconds=$2; shift ;;
  -h | --help) usage; exit 0 ;;
  *) echo "$0: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
case $size in full | small | tiny) ;; *) echo "$0: --size $size: must be full, small or tiny" >&2; exit 2 ;; esac

cuda=ON gpu=ON # cuda: to be built
if [ "$backend" = cpu ] || [ -n "$backend_dir" ]; then cuda=OFF; fi
if [ "$backend" = cpu ] || { ! timeout 30 nvidia-smi -L >/dev/null 2>&1 && ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; }; then gpu=OFF; fi
if [ $cuda = ON ] && [ $gpu = OFF ]; then
  echo "$0: no GPU on this machine (neither nvidia-smi nor /dev/nvidia0); --dry-run goes the whole path on the cpu" >&2
  exit 1
fi

# ---- steps: each has its time, may fail, and is named at the end ------------------------------------------------
mkdir -p "$build/logs" || exit 1
build=$(cd "$build" && pwd)
failed=() skipped=()

# Written to as results come: nothing is lost where this script is ended.
if [ -z "$name" ] && [ $gpu = ON ]; then
  name=$(timeout 30 nvidia-smi --query-gpu=name --format=csv,noheader -i "$ordinal" 2>/dev/null | head -n 1)
fi
name=$(printf %s "${name:-$backend}" | tr -cs 'A-Za-z0-9.' - | tr '[:upper:]' '[:lower:]' | sed 's/^-//; s/-$//')
if [ -z "$out" ]; then
  out=bench/results/gpu-$name-$(date -u +%Y-%m-%d).jsonl
  [ "$size" = full ] || out=$build/gpu-$name-$size.jsonl
fi
lines=$out

left() { echo $((seconds - SECONDS)); }

# step NAME SECONDS COMMAND...: output goes to logs/NAME. Status 0, or not, and then it has been noted.
step() {
  local what=$1 limit=$2 log=$build/logs/$1 rest status=0
  shift 2
  rest=$(left)
  if [ "$rest" -lt 5 ]; then failed+=("$what: no time was left"); return 1; fi
  [ "$limit" -le "$rest" ] || limit=$rest
  printf '%4d s  %s\n' $SECONDS "$what" >&2
  timeout -k 5 "$limit" "$@" >"$log" 2>"$log.err" || status=$?
  [ $status -ne 0 ] || return 0
  if [ $status -ge 124 ] && [ $status -ne 127 ]; then failed+=("$what: killed, or not done in $limit s")
  else failed+=("$what: exit code $status"); fi
  { echo "--- $what failed; the end of $log:"; tail -n 12 "$log" "$log.err"; } >&2
  return $status
}

skip() { skipped+=("$1: $2"); }

record() { printf '{"bench":"check","name":"%s","result":"%s"}\n' "$1" "$2" >>"$lines"; }

# ---- build -------------------------------------------------------------------------------------------------------
configure() {
  local options=(-S . -B "$build" -DAISLE_ENGINE_ONLY=ON -DCMAKE_BUILD_TYPE=Release "-DAISLE_CUDA=$cuda" "$@")
  local arch
  if [ $cuda = ON ]; then
    arch=$(timeout 30 nvidia-smi --query-gpu=compute_cap --format=csv,noheader -i "$ordinal" 2>/dev/null | head -n 1 | tr -d '. ')
    case $arch in [0-9]*) options+=("-DCMAKE_CUDA_ARCHITECTURES=$arch") ;; esac
  fi
  if ! command -v make >/dev/null && command -v ninja >/dev/null; then options+=(-G Ninja); fi
  [ -z "${AISLE_COMMIT:-}" ] || options+=("-DAISLE_COMMIT=$AISLE_COMMIT")
  cmake "${options[@]}"
}

configure_with_deps() {
  local root=$deps package libraries
  if ls "$deps"/*.deb >/dev/null 2>&1; then
    root=$build/deps
    mkdir -p "$root"
    for package in "$deps"/*.deb; do dpkg -x "$package" "$root" || return 1; done
  fi
  root=$(cd "$root" && pwd) || return 1
  libraries=$(find "$root" -name 'lib*.so.*' -exec dirname {} + | sort -u | paste -sd: -)
  # The old kind of run path, which libraries that libraries need are looked for in, too.
  configure "-DCMAKE_PREFIX_PATH=$root/usr;$root" \
    "-DCMAKE_EXE_LINKER_FLAGS=-Wl,--disable-new-dtags,-rpath,$libraries,-rpath-link,$libraries"
}

export -f configure configure_with_deps
export build cuda ordinal deps
if ! configure >"$build/logs/configure" 2>&1; then
  if [ -z "$deps" ]; then
    tail -n 12 "$build/logs/configure" >&2
    echo "$0: cannot configure; where OpenBLAS is missing, see --deps" >&2
    exit 1
  fi
  step configure-with-deps 60 bash -c configure_with_deps || exit 1
fi
step build $((seconds / 2)) cmake --build "$build" --parallel "$(nproc)" || exit 1
[ -n "$backend_dir" ] || backend_dir=$build/backends
backend_dir=$(mkdir -p "$backend_dir" && cd "$backend_dir" && pwd)
export AISLE_BACKEND_DIR=$backend_dir AISLE_CONTRACT_ONLY=$backend
if ! mkdir -p "$(dirname "$lines")" || ! : >"$lines"; then echo "$0: $lines cannot be written" >&2; exit 1; fi

# ---- results are right? ------------------------------------------------------------------------------------------
contract=$build/tests/contract/test_contract_alone
check() { # check NAME SECONDS COMMAND...
  local status=0 result=passed
  step "$@" || { status=$? result=failed; }
  if [ $status -ge 124 ] && [ $status -ne 127 ]; then result='not done'; fi
  record "$1" "$result"
  return $status
}

# A test that hangs has a fifteenth of all time, and then the others their turn.
check contract $((seconds / 4)) "$contract" --each $((seconds / 15 > 1 ? seconds / 15 : 1)) ||
  grep -v '^\[ \(ok\|\.\.\) \]' "$build/logs/contract" | head -n 60 >&2

# After the times that matter most.
sanitize() {
  if [ $gpu = OFF ]; then
    skip memcheck "no GPU here"
  elif ! command -v compute-sanitizer >/dev/null; then
    skip memcheck "no compute-sanitizer on the path"
  elif [ "$(left)" -lt 45 ]; then
    skip memcheck "no time was left"
  elif ! timeout -k 5 20 compute-sanitizer "$contract" matrices/describe >"$build/logs/sanitizer" 2>&1; then
    skip memcheck "compute-sanitizer does not work here, see $build/logs/sanitizer"
  else
    check memcheck 45 compute-sanitizer --tool memcheck --error-exitcode 9 "$contract" als/many als/one loss/loss topn/best similar/n
    if [ "$(left)" -lt 20 ]; then skip racecheck "no time was left"; return; fi
    check racecheck 45 compute-sanitizer --tool racecheck --error-exitcode 9 "$contract" als/many als/one topn/best similar/n
  fi
}

# ---- times -------------------------------------------------------------------------------------------------------
# The most device memory in use while a bench runs, of all processes; nothing where the driver does not say.
watch_memory() {
  : >"$build/logs/memory"
  watcher=
  [ $gpu = ON ] && command -v nvidia-smi >/dev/null || return 0
  nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits -i "$ordinal" -lms 250 >"$build/logs/memory" 2>&1 &
  watcher=$!
}

peak_memory() {
  [ -z "$watcher" ] || { kill "$watcher"; wait "$watcher"; } 2>/dev/null
  awk '/^[0-9]+/ && $1 > most {most = $1} END {if (most) printf ",\"device_peak_mib\":%d", most}' "$build/logs/memory"
}

# bench LABEL BACKEND SECONDS PROGRAM OPTIONS...
bench() {
  local label=$1 on=$2 limit=$3 program=$4 status=0
  shift 4
  [ "$on" = cpu ] || watch_memory
  step "$label-$on" "$limit" "$build/bench/$program" --label "$label" --backend "$on" --backend-dir "$backend_dir" "$@" || status=1
  local extra=
  [ "$on" = cpu ] || extra=$(peak_memory)
  grep '^{.*}$' "$build/logs/$label-$on" 2>/dev/null | sed "s/}\$/$extra}/" >>"$lines" # what was done before a failure counts
  return $status
}

host_gib=$(awk '/MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)
host_gib=${host_gib:-0}
case $size in
full)
  shape="--users 138493 --items 26744 --entries 20000263" big="--users 10000000 --items 1000000 --entries 1000000000"
  catalogue="--items 1000000" users=100000 few=4000 runs=20 f=128 many=1024 short=5 ;;
small)
  shape="--users 4000 --items 1500 --entries 200000" big="--users 40000 --items 8000 --entries 1000000"
  catalogue="--items 20000" users=2000 few=500 runs=5 f=64 many=128 short=2 ;;
tiny)
  shape="--users 300 --items 120 --entries 3000" big="--users 500 --items 200 --entries 5000"
  catalogue="--items 500" users=60 few=60 runs=2 f=16 many=40 short=1 ;;
esac

# What both back-ends do.
# shellcheck disable=SC2086 # a shape is several words
times_als() { # times_als BACKEND
  bench als "$1" 75 bench_als $shape --factors $f --solvers exact,pcg --runs $runs --max-seconds $short
}
times() { # times BACKEND: the rest
  # shellcheck disable=SC2086
  {
    if [ "$1" = cpu ] && [ "$backend" != cpu ]; then
      bench topn "$1" 40 bench_topn --users $few $catalogue --entries $((few * 50)) --factors $f --runs $runs --max-seconds $short
    else
      bench topn "$1" 60 bench_topn --users $users $catalogue --entries $((users * 50)) --factors $f --runs $runs --batch $users --max-seconds $short
    fi
    bench similar "$1" 60 bench_similar $shape --runs $runs --max-seconds $short
  }
}

# shellcheck disable=SC2086
{
  bench als-auto "$backend" 60 bench_als $shape --factors $f --solvers auto --runs $runs --max-seconds $short
  times_als "$backend"
  times "$backend"
  bench als-many "$backend" 75 bench_als $shape --factors $many --solvers exact,auto --runs $((runs > 10 ? 10 : runs)) --max-seconds 12
  [ -z "$matrix" ] || bench als-file "$backend" 60 bench_als --matrix "$matrix" --factors $f,$many --solvers exact,auto --runs $runs --max-seconds 4
  if [ $size = full ] && [ "$host_gib" -lt 28 ]; then skip als-big "needs 28 GiB of host memory, $host_gib are free"
  else bench als-big "$backend" 120 bench_als $big --factors $f --solvers auto --runs 10 --max-seconds 15; fi
  [ "$backend" = cpu ] || times_als cpu
  sanitize
  [ "$backend" = cpu ] || times cpu
}

# The number or text of this line under a key.
# shellcheck disable=SC2016 # awk's own dollars
get='function get(key,  v) {
  if (!match($0, "\"" key "\":(\"[^\"]*\"|[^,}]*)")) return ""
  v = substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
  gsub(/"/, "", v)
  return v
}'

# Two back-ends that solve exactly, or take the same steps, agree on the loss; f32 factors move it by far less.
if [ "$backend" != cpu ]; then
  if awk "$get"'
    get("loss_1") != "" && get("solver") != "auto" {
      key = get("label") " " get("solver") " " get("factors")
      if (key in seen) { n++; d = get("loss_1") / seen[key] - 1; if (d > 1e-4 || d < -1e-4) bad++ }
      seen[key] = get("loss_1")
    }
    END { exit !(n && !bad) }' "$lines"; then
    record loss-as-cpu passed
  else
    record loss-as-cpu failed
    failed+=("loss-as-cpu: not the loss of the cpu, or nothing to compare")
  fi
fi

# ---- what came out -----------------------------------------------------------------------------------------------
awk "$get"'
function bar(label, solver, backend) {
  if (backend == "cpu") return ""
  if (label == "als-auto") return "0.015 s"
  if (label == "als-many" && solver == "exact") return "3 x floor"
  if (label == "als-big") return "0.9 s"
  return label == "topn" ? "0.5 of roof" : ""
}
/"bench":"check"/ { checks = checks sprintf("%s %s   ", get("name"), get("result")); next }
get("median_s") != "" {
  if (!head++) {
    printf "%-13s %-6s %-5s %7s %11s %12s %10s %9s %10s %8s %8s  %s\n", "work", "device", "how", "factors", "entries",
      "s (median)", "floor s", "GB/s", "GFLOP/s", "of roof", "of bf16", "bar"
  }
  floor = get("floor_bytes_s") + 0
  if (get("floor_f32_s") + 0 > floor) floor = get("floor_f32_s") + 0
  printf "%-13s %-6s %-5s %7d %11d %12.6f %10.6f %9.1f %10.1f %8.3f %8.3f  %s\n", get("label"), get("backend"), get("solver"),
    get("factors"), get("entries"), get("median_s"), floor,
    get("gb_s"), get("gflops"), get("of_roof"), get("of_low_roof"), bar(get("label"), get("solver"), get("backend"))
  roof[get("device")] = sprintf("%s: copy %s GB/s, gather %s GB/s, f32 %s GFLOP/s, bf16 %s GFLOP/s", get("device"),
    get("copy_gb_s"), get("gather_gb_s"), get("f32_gflops"), get("low_gflops"))
}
END { print ""; for (d in roof) print roof[d]; if (checks) print checks }' "$lines"
echo "$(grep -c median_s "$lines") lines in $out, after $SECONDS s"
[ ${#skipped[@]} -eq 0 ] || printf 'not run: %s\n' "${skipped[@]}"
if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
