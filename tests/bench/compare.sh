#!/usr/bin/env bash
# Measures novelo beside Go 1.26 and Boost.Fiber: the same workloads, run in turns, and their medians compared.
#
#   tests/bench/compare.sh                            every workload, 7 rounds (about half an hour)
#   tests/bench/compare.sh yield pingpong mem:100000  these ones; NAME:COUNT gives a workload another count
#
# Options:
#   --rounds N       how often each program runs each workload (7)
#   --threads LIST   the numbers of processors to measure with (1,2)
#   --peers LIST     whom to measure novelo against: go, boost, or none (go,boost)
#   --build-dir DIR  where everything is built and written (build/bench)
#   --list           the workloads, with those for much memory that run only when they are named
#   --help           this text
#
# It needs Go, of any version from 1.19 on: when that is not 1.26, the toolchain comes as a module. For Boost.Fiber it
# needs libboost-fiber-dev; deploy/install_packages.sh build bench installs both.
#
# One thread runs on core 1 alone, two run where the system likes. As root the programs run at nice -20, which keeps
# other work off, though not all of it. What counts is the ratio; do not believe it when the spread is large, and
# measure again when the machine is quieter.
#
# The table goes to standard output, everything else to standard error. DIR/compare/ has runs.jsonl (each figure of each
# run), summary.jsonl (a line a figure: medians, ratio, target, whether it is met) and build.log. Exit code: 0 measured,
# whatever the figures are; 1 something did not build or run, or came to a wrong result; 2 wrong usage.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
tree=$(readlink -f "$here/../..")

go_version=1.26.8
run_seconds_max=300
rounds=7
threads=1,2
peers=go,boost
build_dir=$tree/build/bench
default_workloads=(yield spawn_join spawn_fan1024 pingpong buf128_1x1 buf128_8x8 unbuf_8x8 select2 mutex16 skynet1m
  fib25 chain10k timers100k sleep50us_x1000 sleep1ms_x1000 sleep1ms_x1 mem:100000 mem:1000000
  alloc bintrees latency)
large_workloads=(mem_compact interrupt_128m interrupt_1g interrupt_4g spike_goroutines spike_heap deep) # up to 20 GiB: by name alone

say() { printf 'compare.sh: %s\n' "$*" >&2; }
die() {
  say "$1"
  exit "${2:-1}"
}
usage() { sed -n '2,/^set /{ /^set /d; s/^# \{0,1\}//p }' "$0"; }

workloads=()
while [ $# -gt 0 ]; do
  case $1 in
    --rounds | --threads | --peers | --build-dir)
      [ $# -ge 2 ] || die "$1 needs a value; --help says more" 2
      case $1 in
        --rounds) rounds=$2 ;;
        --threads) threads=$2 ;;
        --peers) peers=$2 ;;
        --build-dir) build_dir=$(readlink -m "$2") ;;
      esac
      shift
      ;;
    --list)
      printf '%s\n' "${default_workloads[@]}" "${large_workloads[@]}"
      exit 0
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    -*) die "no such option: $1; --help says more" 2 ;;
    *) workloads+=("$1") ;;
  esac
  shift
done
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "--rounds is a positive number, not '$rounds'" 2
[[ $threads =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || die "--threads is a list like 1,2, not '$threads'" 2
[[ $peers =~ ^(none|(go|boost)(,(go|boost))*)$ ]] || die "--peers is go, boost, go,boost or none, not '$peers'" 2
[ ${#workloads[@]} -gt 0 ] || workloads=("${default_workloads[@]}")
for workload in "${workloads[@]}"; do
  case " ${default_workloads[*]} ${large_workloads[*]} " in
    *" ${workload%%:*} "* | *" ${workload%%:*}:"*) ;;
    *) die "no such workload: $workload; --list names them" 2 ;;
  esac
  [[ $workload =~ ^[a-z0-9_]+(:[1-9][0-9]*)?$ ]] || die "the count of a workload is a positive number: $workload" 2
  [ "$workload" != mem ] || die "mem needs a count, like mem:100000" 2
done

out=$build_dir/compare
log=$out/build.log
mkdir -p "$out"
: >"$log"

quietly() { # WHAT COMMAND...: its output goes to the log; the end of that is shown when it fails
  local what=$1
  shift
  say "$what"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 25 "$log" | sed 's/^/    /' >&2
    die "failed: $what (all of it: $log)"
  fi
}

wants() { case ",$peers," in *",$1,"*) true ;; *) false ;; esac; }

# Everything of Go's, the downloaded toolchain included, stays below the build directory.
go_env=(GOPATH="$build_dir/go" GOMODCACHE="$build_dir/go/mod" GOCACHE="$build_dir/go/cache" GOENV=off GOTOOLCHAIN=local
  GOFLAGS="-modcacherw -buildvcs=false" GOWORK=off)

find_go() { # prints the path of a Go 1.26
  local go json
  PATH=$PATH:/usr/local/go/bin
  go=$(command -v go) || die "Go is missing: deploy/install_packages.sh bench, or --peers boost"
  case $(env "${go_env[@]}" "$go" env GOVERSION) in
    go"${go_version%.*}" | go"${go_version%.*}".*)
      echo "$go"
      return
      ;;
  esac
  say "fetching the toolchain of Go $go_version"
  local platform
  platform=$(env "${go_env[@]}" "$go" env GOOS)-$(env "${go_env[@]}" "$go" env GOARCH)
  json=$(cd / && env "${go_env[@]}" "$go" mod download -json "golang.org/toolchain@v0.0.1-go$go_version.$platform" 2>>"$log") ||
    die "the toolchain of Go $go_version cannot be had: $json (see $log)"
  local root
  root=$(sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p' <<<"$json")
  chmod -R a+x "$root/bin" "$root/pkg/tool" # a module carries no permissions
  echo "$root/bin/go"
}

quietly "configuring" cmake -S "$tree" -B "$build_dir" -G Ninja -DCMAKE_BUILD_TYPE=Release -DNOVELO_BUILD_BENCH=ON \
  -DNOVELO_BUILD_DAEMON=OFF -DNOVELO_BUILD_CLIENT=OFF -DNOVELO_BUILD_TESTS=OFF
targets=(novelo_bench)
programs=(novelo)
declare -A program_path=([novelo]=$build_dir/bench/novelo_bench)
if wants boost; then
  [ -d "$build_dir/tests/bench/peers/boostfiber/CMakeFiles/boostfiber_bench.dir" ] ||
    die "Boost.Fiber is missing: deploy/install_packages.sh bench, or --peers go"
  targets+=(boostfiber_bench)
  programs+=(boost)
  program_path[boost]=$build_dir/bench/boostfiber_bench
fi
quietly "building ${targets[*]}" cmake --build "$build_dir" --target "${targets[@]}" -j "$(nproc)"
go_text=
if wants go; then
  go=$(find_go)
  quietly "building gopeer with $go" env -C "$here/peers/go" "${go_env[@]}" "$go" build -o "$build_dir/bench/gopeer" .
  programs=(novelo go "${programs[@]:1}")
  program_path[go]=$build_dir/bench/gopeer
  go_text=", $("$go" env GOVERSION)"
fi

priority=()
if nice -n -20 true 2>/dev/null && [ "$(nice -n -20 nice 2>/dev/null)" = -20 ]; then priority=(nice -n -20); fi

say "$(uname -sm), $(nproc) processors, load average $(cut -d' ' -f1-3 /proc/loadavg)$go_text, $rounds rounds"
real_time=$(ps -eo pid=,cls=,pcpu=,args= | awk '($2 == "FF" || $2 == "RR" || $2 == "DLN") && $4 !~ /^\[/')
if [ -n "$real_time" ]; then
  say "warning: processes of real-time priority take the processor from what is measured; end them and measure again:"
  printf '%s\n' "$real_time" >&2
fi

runs=$out/runs.jsonl
: >"$runs"
failed=0

run_once() { # ROUND PROGRAM WORKLOAD THREADS: appends what it printed to the runs
  local round=$1 program=$2 workload=$3 threads=$4 text code=0
  local command=("${priority[@]}" timeout "$run_seconds_max")
  if [ "$threads" -eq 1 ] && [ "$(nproc)" -gt 1 ]; then command+=(taskset -c 1); fi
  command+=("${program_path[$program]}" "${workload%%:*}" "$threads")
  case $workload in *:*) command+=("${workload#*:}") ;; esac
  text=$("${command[@]}" 2>&1) || code=$?
  if [ $code -ne 0 ]; then
    [ $code -ne 124 ] || text="not finished after $run_seconds_max s"
    say "failed with code $code: ${command[*]}: $text"
    failed=1
    return
  fi
  awk -v common="{\"round\": $round, \"program\": \"$program\", \"workload\": \"$workload\", \"threads\": $threads" '
    $1 == "RESULT" { printf "%s, \"metric\": \"%s\", \"value\": %s, \"unit\": \"%s\"}\n", common, $2, $3, $4 }
    $1 == "CHECKSUM" { printf "%s, \"checksum\": %s}\n", common, $3 }
  ' <<<"$text" >>"$runs"
}

for workload in "${workloads[@]}"; do
  for count in ${threads//,/ }; do
    say "$workload on $count, load $(cut -d' ' -f1 /proc/loadavg)"
    for ((round = 1; round <= rounds; ++round)); do
      # Each round begins with another program, so that none always runs after the same one.
      for ((i = 0; i < ${#programs[@]}; ++i)); do
        run_once "$round" "${programs[(round + i) % ${#programs[@]}]}" "$workload" "$count"
      done
    done
  done
done

say "load average at the end $(cut -d' ' -f1-3 /proc/loadavg)"
python3 "$here/summary.py" "$runs" "$out/summary.jsonl" || failed=1
say "$out/summary.jsonl has the same for programs"
exit $failed
