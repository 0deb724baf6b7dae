#!/usr/bin/env bash
# demo_test.sh BIN SOURCE: runs the demo with the programs in BIN, as a user does, twice into the same gallery: first with
# Debian's pictures, then with a directory of the user's own, whose names are not tame.
set -euo pipefail

SLUICE_BIN=$1
readonly source=$2
export SLUICE_BIN
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# What the demo itself leaves in its temporary directory would be found there.
export TMPDIR=$scratch/tmp
mkdir "$TMPDIR"

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

expect() {
  grep --quiet --fixed-strings -- "$1" "$2" || {
    cat "$2" >&2
    fail "$2 does not say: $1"
  }
}

run_demo() {
  timeout 900 "$source/examples/photos/demo" --out "$scratch/gallery" "$@" >"$scratch/said" 2>&1 </dev/null || {
    cat "$scratch/said" >&2
    fail "the demo ended with exit code $?"
  }
}

# expect_gallery N: N pictures, all of them JPEG files of the size that was asked for, each shown once.
expect_gallery() {
  local file
  [ "$(find "$scratch/gallery/pictures" -type f | wc -l)" = "$1" ] || fail "not $1 files: $(ls -A "$scratch/gallery/pictures")"
  [ "$(grep --count '<img ' "$scratch/gallery/index.html")" = "$1" ] || fail "the page does not show $1 pictures"
  for file in "$scratch/gallery/pictures/"*.jpg; do
    read -r format width height < <(identify -format '%m %w %h\n' "$file")
    [ "$format" = JPEG ] || fail "$file is $format"
    # The longer side is exactly what was asked for.
    [ $((width > height ? width : height)) = 640 ] || fail "$file is $width x $height"
  done
}

expect_two_failures() {
  expect "put $(($1 + 2)) = done $1 + failed 2; $1 pictures, 2 dead letters" "$scratch/said"
  for place in "$scratch/said" "$scratch/gallery/index.html"; do
    expect "a-broken-url" "$place"
    expect "not-a-picture" "$place"
    expect "open file /nowhere/broken.jpg" "$place"
    expect "no decode delegate" "$place"
  done
}

count=$(find /usr/share/backgrounds/mate -name '*.jpg' -o -name '*.png' | wc -l)
[ "$count" -ge 30 ] || fail "Debian's mate-backgrounds has only $count pictures"
run_demo
expect_gallery "$count"
expect_two_failures "$count"

own="$scratch/my pictures; 100% #1?"
mkdir -p "$own/more"
convert -size 1200x800 gradient:blue-orange "$own/évening \$(sky) & \"sea\".jpg"
convert -size 800x1200 gradient:red-white "$own/portrait.png"
convert -size 800x1200 gradient:green-white "$own/more/portrait.png"
# Noise does not compress: larger than an item may be.
convert -size 2600x1800 xc: +noise Random "$own/large.png"
[ "$(wc -c <"$own/large.png")" -gt 4194304 ] || fail "the large picture is too small for its purpose"
run_demo "$own"
expect_gallery 4
expect_two_failures 4
[ -f "$scratch/gallery/pictures/portrait-2.jpg" ] || fail "two pictures of one name became one"

[ -z "$(ls -A "$TMPDIR")" ] || fail "left behind: $(ls -A "$TMPDIR")"
echo "the demo works"
