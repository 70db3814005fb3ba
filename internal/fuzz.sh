#!/bin/sh
# Runs every fuzz target of the module for a while: fuzz.sh 30s
# A finding ends the run. With KEEP_GOING set it is printed and the search goes on: CI
# does so, since what a random search meets says nothing of the change at hand; a
# finding that is kept as a seed is a test, and fails from then on.
set -eu
time=${1:-30s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cd "$(dirname "$0")/.."
grep -rEl '^func Fuzz[A-Za-z0-9_]*\(f \*testing\.F\)' --include='*_test.go' . | sort | while read -r file; do
	dir=$(dirname "$file")
	grep -oE '^func Fuzz[A-Za-z0-9_]*\(' "$file" | sed 's/^func //; s/($//' | while read -r target; do
		echo "fuzz $dir $target"
		if go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x -ldflags "-s -w" "$dir" >"$log" 2>&1; then
			tail -n 1 "$log"
		elif grep -q 'context deadline exceeded' "$log" && ! grep -qE 'Failing input written|panic:|_test\.go:' "$log"; then
			# The go tool counts running out of time while it shrinks an input as a
			# failure; no input failed.
			echo "ok  	$dir $target (time was up)"
		else
			sed 's/^/| /' "$log"
			echo "FINDING in $dir $target: keep its input as a seed and mend it"
			[ -n "${KEEP_GOING:-}" ] || exit 1
		fi
	done
done
