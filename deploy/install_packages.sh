#!/usr/bin/env bash
# Installs the Debian packages of the named groups of deploy/packages.txt; does nothing when all are there.
#
#   deploy/install_packages.sh GROUP...       as root, or as a user who may sudo
#   deploy/install_packages.sh --list GROUP...   prints the names
#
# No package starts a daemon meanwhile. A held apt lock is waited for; a failing network is tried three times.
set -euo pipefail
list=$(dirname "$(readlink -f "$0")")/packages.txt
lock_seconds=600
attempts=3

say() { printf '%s\n' "$*"; }
die() {
  printf 'install_packages.sh: %s\n' "$*" >&2
  exit 1
}

packages_of() { # GROUP: its package names, one a line
  grep -q "^\[$1\]\$" "$list" || die "no group '$1' in $list; it has: $(sed -n 's/^\[\(.*\)\]$/\1/p' "$list" | tr '\n' ' ')"
  sed -n "/^\[$1\]\$/,/^\[/{ /^\[/d; s/#.*//; s/[[:space:]]*\$//; /^\$/d; p }" "$list"
}

is_installed() { # PACKAGE[:ARCH]
  [ "$(dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | head -n 1)" = installed ]
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

apt() { # ARG...: apt-get, again after a failure, at most $attempts times
  local n
  for ((n = 1; ; n++)); do
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y \
      -o DPkg::Lock::Timeout=$lock_seconds -o Acquire::Retries=3 "$@" </dev/null && return 0
    [ "$n" -lt "$attempts" ] || return 1
    say "apt-get $1 failed; trying again in $((n * 5)) s"
    sleep $((n * 5))
  done
}

only_list=false
if [ "${1:-}" = --list ]; then
  only_list=true
  shift
fi
if [ $# -eq 0 ] || [ "$1" = --help ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0"
  [ $# -gt 0 ]
  exit
fi

wanted=$(for group in "$@"; do packages_of "$group"; done)
if $only_list; then
  say "$wanted"
  exit 0
fi
command -v apt-get >/dev/null || die "no apt-get here: novelo is built on Debian 12; on another system install what deploy/packages.txt lists"

missing=()
foreign=()
for package in $wanted; do
  is_installed "$package" && continue
  missing+=("$package")
  case $package in *:*) foreign+=("${package#*:}") ;; esac
done
if [ ${#missing[@]} -eq 0 ]; then
  say "packages: all there ($*)"
  exit 0
fi
[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
  die "packages are missing and there is no sudo; as root: apt-get install ${missing[*]}"
say "packages: installing ${missing[*]}"

for architecture in "${foreign[@]}"; do
  if [ "$architecture" != "$(dpkg --print-architecture)" ] && ! dpkg --print-foreign-architectures | grep -qx "$architecture"; then
    say "packages: adding the architecture $architecture"
    as_root dpkg --add-architecture "$architecture"
  fi
done

# A package that brings a daemon asks this program whether it may start it: no.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'as_root rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
fi
apt update || die "apt-get update failed $attempts times; see above"
apt install --no-install-recommends "${missing[@]}" || die "apt-get install failed $attempts times; see above"
