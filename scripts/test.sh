#!/usr/bin/env bash
# test.sh [PACKAGE...] runs go vet and the Go tests, with the race detector where goroutines meet in our
# own Go, and without it where nothing runs side by side (it would make regular expressions 40 times
# slower to find nothing) and where native engines or a translated database do the work (it would take an hour).
# Prints what go test prints, and says how many tests were skipped because their data is not here; with
# CI=true such a test fails instead, so that nothing follows go test's own last line.
set -euo pipefail

packages=("$@"); [ $# -gt 0 ] || packages=(./...)
export GOFLAGS=${GOFLAGS:--tags=nolibopusfile}

go vet "${packages[@]}"

log=$(mktemp); trap 'rm -f "$log"' EXIT

# brief shows of each package what go test without -v shows: its line, and all it said when it failed.
brief() {
  awk -v log_file="$log" '
    /MISSING-DATA:/ { print > log_file }
    /^ok  \t/ || /^\?   \t/ { print; n = 0; fflush(); next }
    /^\t.*coverage: / || /^=== / || /^ *--- PASS/ || /^PASS$/ { next }
    { kept[n++] = $0; if (n > 20000) n = 10000 }
    /^FAIL\t/ || /^FAIL$/ { for (i = 0; i < n; i++) print kept[i]; n = 0; fflush() }
    END { for (i = 0; i < n; i++) print kept[i] }'
}

# What links the native engines or the database is tested without the race detector.
heavy='k2-fsa/sherpa-onnx-go|yalue/onnxruntime_go|modernc.org/sqlite'
mapfile -t plain < <(go list -test -f '{{.ImportPath}} {{join .Deps ","}}' "${packages[@]}" |
  awk -v heavy="$heavy" '$0 ~ heavy { sub(/(_test)?(\.test)?$/, "", $1); print $1 }' | sort -u)
# What starts no goroutine, nor serves or is served in its tests, has no two to race.
meet='(^|[[:space:]])go (func|[[:alnum:]_.]+\()|\.Go\(|\.Parallel\(|errgroup|synctest|httptest|net\.Listen|AfterFunc|exec\.Command'
mapfile -t -O "${#plain[@]}" plain < <(go list -f '{{.ImportPath}} {{.Dir}}' "${packages[@]}" |
  while read -r name dir; do grep -qE "$meet" "$dir"/*.go || echo "$name"; done)
mapfile -t all < <(go list "${packages[@]}")
mapfile -t race < <(printf '%s\n' "${all[@]}" | grep -vxF -f <(printf '%s\n' "${plain[@]}") || true)
mapfile -t plain < <(printf '%s\n' "${all[@]}" | grep -vxF -f <(printf '%s\n' "${race[@]}") || true)

status=0
if [ ${#race[@]} -gt 0 ]; then go test -v -race "${race[@]}" 2>&1 | brief || status=1; fi
if [ ${#plain[@]} -gt 0 ]; then go test -v "${plain[@]}" 2>&1 | brief || status=1; fi
if [ -s "$log" ] && [ "${CI:-}" != true ]; then
  echo "$(wc -l < "$log") tests were skipped because their data is not here:"
  sed 's/.*MISSING-DATA: /  /' "$log" | sort | uniq -c
fi
exit $status
