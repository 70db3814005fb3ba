#!/bin/sh
# Runs every fuzz target of the module for a while: fuzz.sh 30s
set -eu
time=${1:-30s}
cd "$(dirname "$0")/.."
grep -rEl '^func Fuzz[A-Za-z0-9_]*\(f \*testing\.F\)' --include='*_test.go' . | sort | while read -r file; do
	dir=$(dirname "$file")
	grep -oE '^func Fuzz[A-Za-z0-9_]*\(' "$file" | sed 's/^func //; s/($//' | while read -r target; do
		echo "fuzz $dir $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -ldflags "-s -w" "$dir"
	done
done
