#!/usr/bin/env bash
# libraries.sh DIR NAME... copies native libraries out of the Go module that carries them.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: libraries.sh DIR NAME..." >&2; exit 2; }
to=$1; shift
module=github.com/k2-fsa/sherpa-onnx-go-linux
case $(go env GOARCH) in
  amd64) platform=x86_64-unknown-linux-gnu ;;
  arm64) platform=aarch64-unknown-linux-gnu ;;
  arm) platform=arm-unknown-linux-gnueabihf ;;
  *) echo "libraries.sh: $module has no libraries for $(go env GOARCH)" >&2; exit 1 ;;
esac
dir=$(go mod download -json "$module" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
[ -n "$dir" ] || { echo "libraries.sh: $module cannot be downloaded: is a Go module proxy reachable?" >&2; exit 1; }
mkdir -p "$to"
for name; do
  # aside and renamed: a server that runs keeps the file that it has mapped
  install -m 755 "$dir/lib/$platform/$name" "$to/.$name"
  mv -f "$to/.$name" "$to/$name"
done
