#!/usr/bin/env bash
# Prints the path of grpcurl, which the end-to-end tests call as a client that knows nothing of novelo. Builds it with Go
# when it is neither on PATH nor in ~/.cache/novelo/bin (about three minutes, once).
set -euo pipefail
export GOBIN=${XDG_CACHE_HOME:-$HOME/.cache}/novelo/bin
export GOFLAGS=-buildvcs=false GOTOOLCHAIN=local
PATH=$PATH:/usr/local/go/bin

if command -v grpcurl; then exit 0; fi
if [ ! -x "$GOBIN/grpcurl" ]; then
  if ! command -v go >/dev/null; then
    "$(dirname "$(readlink -f "$0")")/../../deploy/install_packages.sh" grpcurl >&2
  fi
  # The newest release first; Debian 12's Go 1.19 builds the third.
  mkdir -p "$GOBIN"
  for version in v1.9.3 v1.9.1 v1.8.9; do
    echo "grpcurl: building $version with $(go version)" >&2
    if nice -n 10 go install -ldflags='-s -w' "github.com/fullstorydev/grpcurl/cmd/grpcurl@$version" >&2; then break; fi
  done
fi
[ -x "$GOBIN/grpcurl" ] || { echo "grpcurl: could not be built; the messages above say why" >&2; exit 1; }
echo "$GOBIN/grpcurl"
