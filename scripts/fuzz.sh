#!/usr/bin/env bash
# fuzz.sh [PACKAGE...] runs each fuzz target for FUZZTIME (10s).
set -euo pipefail
export GOFLAGS=${GOFLAGS:--tags=nolibopusfile}
packages=("$@"); [ $# -gt 0 ] || packages=(./...)
grep_targets() { grep -hoE '^func Fuzz[A-Za-z0-9_]*\(f \*testing\.F\)' "$1"/*_test.go 2>/dev/null | sed 's/^func \(.*\)(.*/\1/' | sort -u || true; }
while read -r package dir; do
  for target in $(grep_targets "$dir"); do
    echo "== $package $target"
    # An input that is new is made smaller in a few tries, not for a minute: of a file of
    # some kilobytes nothing else would be tried.
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-10s}" -fuzzminimizetime 20x "$package"
  done
done < <(go list -f '{{.ImportPath}} {{.Dir}}' "${packages[@]}")
