#!/usr/bin/env bash
# health.sh asks /healthz; 0 when the server is alive. Needs nothing but bash: the image has no curl.
set -uo pipefail
listen=${HOTLINE_HTTP_LISTEN:-:8080}
host=${listen%:*}
case $host in ''|0.0.0.0|'[::]') host=127.0.0.1 ;; esac
host=${host#[}; host=${host%]}
exec 3<>"/dev/tcp/$host/${listen##*:}" 2>/dev/null || exit 1
printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
read -r -t 4 _ status _ <&3 || exit 1
[ "$status" = 200 ]
