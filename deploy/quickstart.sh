#!/usr/bin/env bash
# From a clean clone to a typed result: builds novelo, starts novelod on loopback, has its goroutines count the words of the licences
# that every Debian machine carries, and ends it again. As root, or as a user who may sudo (only for missing packages).
#
#   deploy/quickstart.sh           leaves nothing running
#   deploy/quickstart.sh --keep    leaves novelod running and says how to stop it
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
text=/usr/share/common-licenses
bin=build/release/bin
ready_seconds=30

say() { printf '==> %s\n' "$*"; }
die() {
  printf 'quickstart: %s\n' "$*" >&2
  exit 1
}

keep=false
case ${1:-} in
  "") ;;
  --keep) keep=true ;;
  --help | -h)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *)
    printf 'quickstart: unknown argument "%s"; try --help\n' "$1" >&2
    exit 2
    ;;
esac

daemon=
run_dir=
clean_up() {
  if [ -n "$daemon" ]; then
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  [ -z "$run_dir" ] || rm -rf "$run_dir"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

choose_port() { # DEFAULT OTHER: the default when nobody listens there, else a free one that is not OTHER
  local port=$1
  while ! port_is_free "$port" || [ "$port" = "$2" ]; do port=$((20000 + RANDOM % 10000)); done
  echo "$port"
}

http_get_is_ok() { # PORT PATH
  local line
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
  read -r -t 5 line <&3 || line=
  exec 3<&-
  [[ $line == HTTP/1.?\ 200* ]]
}

run_dir=$(mktemp -d "${TMPDIR:-/tmp}/novelo-quickstart.XXXXXX")
say "packages"
deploy/install_packages.sh build

say "build (the first time takes some minutes)"
if [ ! -e build/release/build.ninja ]; then
  cmake --preset release -DNOVELO_BUILD_TESTS=OFF >"$run_dir/cmake.log" 2>&1 ||
    { cat "$run_dir/cmake.log" >&2; die "cmake cannot configure; see above"; }
fi
cmake --build build/release --target novelod novelo -j "$(nproc)" || die "the build failed; see above"

grpc_port=$(choose_port 7570 0)
http_port=$(choose_port 7571 "$grpc_port")
[ "$grpc_port" = 7570 ] || say "port 7570 is taken; gRPC uses $grpc_port"
[ "$http_port" = 7571 ] || say "port 7571 is taken; HTTP uses $http_port"
log=$run_dir/novelod.log

say "start: novelod --grpc.listen 127.0.0.1:$grpc_port --http.listen 127.0.0.1:$http_port"
STATE_DIRECTORY=$run_dir nohup $bin/novelod --grpc.listen "127.0.0.1:$grpc_port" --http.listen "127.0.0.1:$http_port" \
  >"$log" 2>&1 </dev/null &
daemon=$!
deadline=$((SECONDS + ready_seconds))
until http_get_is_ok "$http_port" /readyz; do
  kill -0 "$daemon" 2>/dev/null || { cat "$log" >&2; die "novelod ended; its log is above"; }
  [ "$SECONDS" -lt $deadline ] || { cat "$log" >&2; die "novelod was not ready after $ready_seconds s; its log is above"; }
  sleep 0.1
done

say "call: novelo call text.word_count --path $text --top 5"
NOVELO_ADDRESS=127.0.0.1:$grpc_port $bin/novelo call text.word_count --path $text --top 5

metric() { # NAME: its value, as the daemon reports it
  exec 3<>"/dev/tcp/127.0.0.1/$http_port"
  printf 'GET /metrics HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
  sed -n "s/^$1 //p" <&3
  exec 3<&-
}
say "done: $(metric novelo_goroutines_created_total) goroutines were created for it"

if $keep; then
  cat <<TEXT

novelod keeps running (process $daemon, log $log). Where to look next:
  metrics        curl http://127.0.0.1:$http_port/metrics
  its tasks      $bin/novelo --address 127.0.0.1:$grpc_port task list
  a job          $bin/novelo --address 127.0.0.1:$grpc_port job submit text.word_count --path $text --wait
  stop           kill $daemon; rm -r $run_dir
TEXT
  daemon=
  run_dir=
else
  cat <<TEXT

novelod is stopped. Where to look next:
  keep it        deploy/quickstart.sh --keep     leaves it running; metrics are then at http://127.0.0.1:$http_port/metrics
  by hand        $bin/novelod, and in another terminal $bin/novelo task list
  the manual     docs/manual/getting-started.md
TEXT
fi
