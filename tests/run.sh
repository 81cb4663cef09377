#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. From a clean clone, as root or as a user who may sudo.
#
#   tests/run.sh                 every stage
#   tests/run.sh STAGE...        these stages, in this order
#   tests/run.sh --list          the stages, with what each proves
#
# The last line is "N passed, N failed", summed over all stages; a stage that does not build counts as one failure. The exit code is
# 0 only when nothing failed. What a stage printed is kept in build/log/.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 2

stages=(
  "format:clang-format changes nothing"
  "lint:the rules of the house that a machine can check"
  "runtime:the runtime alone, optimised, with its tests"
  "release:everything, optimised, with the tests of every part, but those of the runtime stage if that runs too"
  "install:an installed novelo is found by find_package(novelo)"
  "subdirectory:add_subdirectory(novelo) gives novelo::runtime, with Abseil and nothing else"
  "e2e:the built novelod and novelo, from outside"
  "deploy:the unit, the container file, the example configuration, the dashboards"
  "asan:the runtime's tests under AddressSanitizer"
  "ubsan:the runtime's tests under UndefinedBehaviorSanitizer"
  "tsan:the runtime's tests under ThreadSanitizer"
  "clang:the runtime built by clang 19 with debug checks, with its tests"
  "aarch64:the runtime's tests built for 64-bit ARM, under qemu-user"
)
jobs=$(nproc)
log_dir=build/log
passed=0
failed=0
failures=()

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
list_stages() {
  local stage
  for stage in "${stages[@]}"; do printf '  %-14s %s\n' "${stage%%:*}" "${stage#*:}"; done
}

pass() { passed=$((passed + ${1:-1})); }
fail() { # WHAT: counts one failure
  failed=$((failed + 1))
  failures+=("$1")
  printf 'FAILED: %s\n' "$1"
}

quietly() { # LOG COMMAND...: the output goes to the log; its end is shown when the command fails
  local log=$log_dir/$1.log
  shift
  if "$@" >>"$log" 2>&1; then return 0; fi
  tail -n 60 "$log" | sed 's/^/    /'
  echo "    (all of it: $log)"
  return 1
}

check() { # STAGE NAME COMMAND...: one test
  local stage=$1 name=$2
  shift 2
  if quietly "$stage" "$@"; then
    pass
    echo "passed: $name"
  else
    fail "$stage: $name"
  fi
}

configure() { # STAGE PRESET [CMAKE ARGUMENT...]
  local stage=$1 preset=$2
  shift 2
  quietly "$stage" cmake --preset "$preset" -DNOVELO_BUILD_TESTS=ON "$@" || { fail "$stage: does not configure"; return 1; }
}

build() { # STAGE PRESET [CMAKE ARGUMENT...]
  configure "$@" || return 1
  echo "building ($log_dir/$1.log)"
  quietly "$1" "${launcher[@]}" cmake --build "build/$2" -j "$jobs" || { fail "$1: does not build"; return 1; }
}

run_ctest() { # STAGE PRESET CTEST ARGUMENT...: runs the tests and adds up what they say
  local stage=$1 preset=$2 junit sums
  shift 2
  junit=$PWD/$log_dir/$stage.xml
  rm -f "$junit"
  "${launcher[@]}" ctest --test-dir "build/$preset" -j "$jobs" --timeout 300 --no-tests=error --output-junit "$junit" "$@" \
    >>"$log_dir/$stage.log" 2>&1
  if ! sums=$(python3 tests/support/junit_summary.py "$junit"); then
    tail -n 20 "$log_dir/$stage.log"
    fail "$stage: ctest did not finish"
    return
  fi
  local stage_passed stage_failed stage_skipped
  read -r stage_passed stage_failed stage_skipped <<<"$sums"
  echo "$stage: $stage_passed passed, $stage_failed failed$([ "$stage_skipped" -eq 0 ] || echo ", $stage_skipped skipped")"
  pass "$stage_passed"
  failed=$((failed + stage_failed))
  [ "$stage_failed" -eq 0 ] || failures+=("$stage: $stage_failed tests, named above")
  if [ $((stage_passed + stage_failed)) -eq 0 ]; then fail "$stage: there is no test in it"; fi
}

# Command that runs a build or a test; the tsan stage puts setarch here.
launcher=()

stage_format() {
  check format "every C++ file is as clang-format 19 leaves it" tests/lint/format.sh
}

stage_lint() { configure lint release && run_ctest lint release -L '^lint$'; }

# In the folder of the release build, which then compiles only the rest.
stage_runtime() {
  build runtime release -DNOVELO_BUILD_BENCH=ON -DNOVELO_BUILD_DAEMON=OFF -DNOVELO_BUILD_CLIENT=OFF &&
    run_ctest runtime release -LE '^lint$'
}

build_release() { # STAGE
  build "$1" release -DNOVELO_BUILD_BENCH=ON -DNOVELO_BUILD_DAEMON=ON -DNOVELO_BUILD_CLIENT=ON
}

stage_release() {
  local others='lint|e2e|deploy'
  # The same executables once more would show nothing new.
  case " ${chosen[*]} " in *" runtime "*) others+='|conformance|stress|crash|model|bench' ;; esac
  build_release release && run_ctest release release -LE "^($others)\$"
}

stage_install() {
  build_release install || return
  local prefix=$PWD/build/install
  rm -rf "$prefix" build/consumer-installed
  check install "cmake --install writes it" cmake --install build/release --prefix "$prefix"
  check install "a program with find_package(novelo) configures" \
    cmake -S tests/consumer/installed -B build/consumer-installed -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_PREFIX_PATH=$prefix"
  check install "it builds" cmake --build build/consumer-installed
  check install "it runs" build/consumer-installed/consumer
}

stage_subdirectory() {
  rm -rf build/consumer-subdirectory
  check subdirectory "a program with add_subdirectory(novelo) configures where gRPC, Protobuf and GoogleTest are hidden" \
    cmake -S tests/consumer/subdirectory -B build/consumer-subdirectory -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_DISABLE_FIND_PACKAGE_gRPC=ON -DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON
  check subdirectory "it builds" cmake --build build/consumer-subdirectory -j "$jobs"
  check subdirectory "it runs" build/consumer-subdirectory/consumer
}

stage_e2e() {
  build_release e2e || return
  if [ -n "$grpcurl_job" ]; then
    echo "waiting for grpcurl ($log_dir/grpcurl.log)"
    wait "$grpcurl_job"
    grpcurl_job=
  fi
  run_ctest e2e release -L '^e2e$'
}

stage_deploy() { build_release deploy && run_ctest deploy release -L '^deploy$'; }

stage_asan() { build asan asan && run_ctest asan asan -LE '^lint$'; }

stage_ubsan() { build ubsan ubsan && run_ctest ubsan ubsan -LE '^lint$'; }

stage_tsan() {
  # GCC 12's ThreadSanitizer knows 28 bits of address randomness; a kernel may use more.
  if setarch "$(uname -m)" -R true 2>/dev/null; then launcher=(setarch "$(uname -m)" -R); fi
  build tsan tsan && run_ctest tsan tsan -LE '^lint$'
  launcher=()
}

stage_clang() { build clang clang -DNOVELO_BUILD_DAEMON=OFF -DNOVELO_BUILD_CLIENT=OFF && run_ctest clang clang -LE '^lint$'; }

stage_aarch64() { build aarch64 aarch64 && run_ctest aarch64 aarch64 -LE '^lint$'; }

chosen=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h)
      usage
      echo
      list_stages
      exit 0
      ;;
    --list)
      list_stages
      exit 0
      ;;
    *)
      if ! declare -F "stage_$1" >/dev/null; then
        printf 'run.sh: no stage "%s"; there are:\n' "$1" >&2
        list_stages >&2
        exit 2
      fi
      chosen+=("$1")
      ;;
  esac
  shift
done
if [ ${#chosen[@]} -eq 0 ]; then
  for stage in "${stages[@]}"; do chosen+=("${stage%%:*}"); done
fi

mkdir -p "$log_dir"
started=$SECONDS
groups=(build test)
case " ${chosen[*]} " in *" aarch64 "*) groups+=(cross) ;; esac
printf '==> packages: %s\n' "${groups[*]}"
if ! deploy/install_packages.sh "${groups[@]}"; then
  echo "run.sh: not all packages could be installed; what can be tested without them is tested"
  fail "packages: not all could be installed"
fi
grpcurl_job=
case " ${chosen[*]} " in
  *" e2e "*)
    # Its build takes minutes when it is the first: it runs beside the other stages until e2e needs it.
    tests/support/grpcurl.sh >"$log_dir/grpcurl.log" 2>&1 &
    grpcurl_job=$!
    trap '[ -z "$grpcurl_job" ] || kill "$grpcurl_job" 2>/dev/null' EXIT
    ;;
esac

for stage in "${chosen[@]}"; do
  stage_started=$SECONDS
  : >"$log_dir/$stage.log"
  printf '\n==> %s: %s\n' "$stage" "$(list_stages | sed -n "s/^  $stage  *//p")"
  "stage_$stage"
  printf '%s took %d s\n' "$stage" $((SECONDS - stage_started))
done

printf '\nall stages took %d min %d s\n' $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
for failure in "${failures[@]}"; do printf 'FAILED: %s\n' "$failure"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
