#!/usr/bin/env bash
# e2e-long.sh runs soaks, kills and hours of sound in two rows side by side: most of their time is spent
# waiting for telephones, and one after another they take longer than CI lets them. Each row has servers and
# ports of its own. The second row's output follows the first's.
set -uo pipefail
cd "$(dirname "$0")/.."
export HOTLINE_E2E=1 HOTLINE_E2E_LONG=1 GOFLAGS=${GOFLAGS:--tags=nolibopusfile}

# Campaigns, placed calls and what is said aloud; the first row has the rest.
second='^Test(Campaign|Servers|WhoAnswers|Predictive|Placed|Spoken|CallersLanguages|PausesInside|WhatIsSaid)'

log=$(mktemp); trap 'rm -f "$log"' EXIT
go test -count=1 -timeout 88m -run "$second" ./internal/e2e/... >"$log" 2>&1 &
status=0
go test -count=1 -timeout 88m -skip "$second" ./internal/e2e/... ./dialog/llm ./cmd/hotline || status=1
wait $! || status=1
cat "$log"
exit $status
