#!/bin/sh
# Reads a number, adds up all from 1 to there with a pause before each, and says how far it is.
set -eu
read -r last
sum=0
i=1
while [ "$i" -le "$last" ]; do
  echo "$((i * 100 / last))% step $i of $last" >&"${SLUICE_PROGRESS_FD:-2}"
  sleep "${SLUICE_ATTR_PAUSE:-1}"
  sum=$((sum + i))
  i=$((i + 1))
done
echo "$sum"
