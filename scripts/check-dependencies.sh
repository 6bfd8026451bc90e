#!/usr/bin/env bash
# Fails where the code imports a module that docs/dependencies.md does not explain.
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS=${GOFLAGS:--tags=nolibopusfile}
# module of each import that is written in our own code, tests included
mapfile -t modules < <(go list -e -test -f '{{range .Imports}}{{.}}{{"\n"}}{{end}}{{range .TestImports}}{{.}}{{"\n"}}{{end}}{{range .XTestImports}}{{.}}{{"\n"}}{{end}}' ./... 2>/dev/null |
  sed 's/ \[.*//' | grep -F . | grep -v '^hotline' | sort -u |
  xargs go list -e -f '{{with .Module}}{{.Path}}{{end}}' 2>/dev/null | sort -u)
missing=0
for m in "${modules[@]}"; do
  case $m in
    hotline) continue ;;
    golang.org/x/*) word=${m#golang.org/x/} ;;
    github.com/pion/*) word=${m#github.com/} ; word=${word#pion/} ;;
    github.com/go-audio/audio) word=audio ;;
    *) word=$m ;;
  esac
  grep -qF "$word" docs/dependencies.md || { echo "docs/dependencies.md says nothing about $m" >&2; missing=1; }
done
exit $missing
