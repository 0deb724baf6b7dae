#!/usr/bin/env bash
# Installs the client library and builds a project outside of this tree against it.
# install_test.sh BUILD_DIRECTORY SOURCE_OF_THE_OUTSIDE_PROJECT
set -euo pipefail

build=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --component client --prefix "$work/prefix" >"$work/log" || { cat "$work/log"; exit 1; }
cp -r "$source" "$work/outside"
# With what the library's own build was linked with, so that a sanitizer's run-time library is there.
flags=$(sed -n 's/^SLUICE_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$build/CMakeCache.txt")
cmake -S "$work/outside" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_FLAGS="$flags" >"$work/log" 2>&1 ||
  { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

said=$("$work/build/outside")
[ "$said" = '0.1.0 UNREACHABLE' ] || { echo "the outside program said: $said"; exit 1; }
"$work/prefix/bin/sluice" version

# What users include shows them nothing of what the library is built on.
if grep -rnE '#include.*(grpc|google|absl|pb\.h)' "$work/prefix/include"; then exit 1; fi
