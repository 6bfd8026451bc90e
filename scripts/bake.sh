#!/usr/bin/env bash
# bake.sh default|none|"ID..." DIR puts speech models into DIR, for an image that brings its own.
set -euo pipefail
[ $# -eq 2 ] || { echo 'usage: bake.sh default|none|"ID..." DIR' >&2; exit 2; }
mkdir -p "$2"
case $1 in
  none) exit 0 ;;
  default) ids=() ;;
  *) read -ra ids <<<"$1" ;;
esac
HOTLINE_MODELS=$2 "$(dirname "$0")/../bin/hotline" models pull "${ids[@]}"
rm -rf "$2/.downloads" "$2/.lock"
