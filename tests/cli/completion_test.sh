#!/usr/bin/env bash
# The bash completion that the command prints: bash can read it, and it completes. completion_test.sh SLUICE
set -euo pipefail

sluice=$1
script=$("$sluice" completion bash)
bash -n <<<"$script"
eval "$script"

failed=0

# expect LINE WORDS...: completing LINE, whose last word is the one at the cursor, offers each of WORDS.
expect() {
  local line=$1
  shift
  read -ra COMP_WORDS <<<"$line"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _sluice
  local word
  for word in "$@"; do
    if [[ " ${COMPREPLY[*]} " != *" $word "* ]]; then
      echo "completing '$line' does not offer '$word', but: ${COMPREPLY[*]}"
      failed=1
    fi
  done
}

expect 'sluice ' create put pipeline work --server
expect 'sluice pi' pipeline
expect 'sluice pipeline ' create ls show close rm
expect 'sluice pipeline create --' --file --help
expect 'sluice --json create --or' --order
expect 'sluice create tasks --order ' fifo lifo priority
expect 'sluice completion ' bash zsh fish
expect 'sluice stage scale ' --help
expect 'sluice top --sort ' name depth put 'done' failed oldest
expect 'sluice stats --' --watch --count
expect 'sluice bench --durability ' sync memory

for shell in zsh fish; do
  "$sluice" completion "$shell" >/dev/null
  if command -v "$shell" >/dev/null; then "$sluice" completion "$shell" | "$shell" -n; fi
done
exit "$failed"
