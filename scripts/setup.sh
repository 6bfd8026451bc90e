#!/usr/bin/env bash
# Looks for what hotline needs from the system and installs what is missing.
#
#   setup.sh [--check] ROLE...     ROLE: build  what compiling needs
#                                        serve  what a server needs
#                                        models what building speech models needs
#                                        ui     what building the console needs
#                                        test   what the whole test suite needs besides
#
# --check only says what is missing. Installing needs apt-get and root or a sudo that does not ask;
# without them, or without network, it says exactly what is missing and exits 1. Nothing is asked.
set -euo pipefail

GO_NEEDED=1.26
NODE_NEEDED=20.19

check=false
if [ "${1:-}" = --check ]; then check=true; shift; fi
[ $# -gt 0 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }

packages=()  # Debian packages to install
reasons=()   # "package: why"
blocked=()   # what no package of Debian 12 gives

# need PACKAGE WHY TEST... notes the package when the test fails.
need() {
  local package=$1 why=$2; shift 2
  "$@" >/dev/null 2>&1 && return
  packages+=("$package"); reasons+=("$package: $why")
}

# at_least HAVE WANT compares versions.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -1)" = "$2" ]; }

has() { command -v "$1"; }
compiles() { echo 'int main(void){return 0;}' | cc -x c -o /dev/null -; }
library() { ls /usr/lib/*/"$1" || ls /lib/*/"$1" || ldconfig -p | grep -F "$1"; }
espeak_data() { ls /usr/lib/*/espeak-ng-data/phontab || ls /usr/share/espeak-ng-data/phontab; }
python_311() { python3 -c 'import sys; assert sys.version_info >= (3, 11)'; }
python_venv() { python3 -c 'import venv, ensurepip'; }
opus() { pkg-config --exists opus; }
certificates() { [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/ssl/cert.pem ]; }
chromium_there() { has chromium || has chromium-browser || has google-chrome; }
postgres_there() { ls /usr/lib/postgresql/*/bin/initdb || has initdb; }
kamailio_there() { has kamailio || [ -x /usr/sbin/kamailio ]; }
kamailio_tls() { ls /usr/lib/*/kamailio/modules/tls.so || ls /usr/lib64/kamailio/modules/tls.so; }
prompts() { ls /usr/share/asterisk/sounds/en_US_f_Allison/vm-intro.wav; }
numpy() { /usr/bin/python3 -c 'import numpy'; }

role_build() {
  if ! has go >/dev/null; then
    blocked+=("Go $GO_NEEDED or newer: https://go.dev/doc/install")
  elif have=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//'); ! at_least "$have" "$GO_NEEDED"; then
    blocked+=("Go $GO_NEEDED or newer, this is $have: https://go.dev/doc/install")
  fi
  need gcc "C compiler, for the speech engines and the Opus codec" compiles
  need libc6-dev "C headers" compiles
  need pkg-config "finds the C libraries" has pkg-config
  need libopus-dev "the Opus codec" opus
  need ca-certificates "downloads over HTTPS" certificates
}

role_serve() {
  need libopus0 "the Opus codec" library libopus.so.0
  need libstdc++6 "the speech engines are written in C++" library libstdc++.so.6
  need espeak-ng-data "phonemes of English words, for the voices" espeak_data
  need espeak-ng "the voice of last resort" has espeak-ng
  need ca-certificates "downloads over HTTPS" certificates
}

role_models() {
  need python3 "builds speech models where the upstream releases cannot be reached" python_311
  need python3-venv "keeps the tools of those builds apart" python_venv
  need ca-certificates "downloads over HTTPS" certificates
}

role_ui() {
  if ! has node >/dev/null || ! has npm >/dev/null; then
    blocked+=("Node $NODE_NEEDED or newer with npm: https://nodejs.org/en/download")
  elif have=$(node --version | sed 's/^v//'); ! at_least "$have" "$NODE_NEEDED"; then
    blocked+=("Node $NODE_NEEDED or newer, this is $have: https://nodejs.org/en/download")
  fi
}

role_test() {
  need chromium "tests of the console" chromium_there
  need baresip-core "a real softphone, caller and agent in tests" has baresip
  need sip-tester "sipp, a scripted SIP peer in tests" has sipp
  need linphone-cli "another softphone, of another family" has linphonec
  need kamailio "a proxy and registrar between us and telephones" kamailio_there
  need kamailio-tls-modules "the same over TLS" kamailio_tls
  need rtpengine-daemon "a relay for sound in between" has rtpengine
  need postgresql "the database of several servers, in tests" postgres_there
  need tshark "reads what went over the wire" has tshark
  need asterisk-core-sounds-en-wav "recordings of a speaker, as what answers calls in tests" prompts
  need python3-numpy "compares sound in tests" numpy
}

for role; do
  case $role in
    build|serve|models|ui|test) "role_$role" ;;
    *) echo "setup.sh: no role $role" >&2; exit 2 ;;
  esac
done

if [ ${#blocked[@]} -gt 0 ]; then
  echo "setup: please install by hand:" >&2
  printf '  - %s\n' "${blocked[@]}" >&2
fi
if [ ${#packages[@]} -eq 0 ]; then
  [ ${#blocked[@]} -eq 0 ] || exit 1
  exit 0
fi

mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
mapfile -t reasons < <(printf '%s\n' "${reasons[@]}" | sort -u)

# give_up WHY says what is missing and how to get it.
give_up() {
  { echo "setup: $1. Missing:"
    printf '  - %s\n' "${reasons[@]}"
    echo "setup: on Debian or Ubuntu: apt-get install ${packages[*]}"
  } >&2
  exit 1
}

$check && give_up "something is missing"
has apt-get >/dev/null || give_up "there is no apt-get here to install packages with"
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  has sudo >/dev/null && sudo -n true 2>/dev/null || give_up "installing packages needs root, or a sudo that does not ask for a password"
  sudo=(sudo -n)
fi

echo "setup: installing Debian packages"
printf '  - %s\n' "${reasons[@]}"
apt() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o Acquire::Retries=2 -o Acquire::http::Timeout=20 "$@"; }
log=$(mktemp); trap 'rm -f "$log"' EXIT
if ! apt install -y --no-install-recommends "${packages[@]}" >"$log" 2>&1; then
  # The lists are old or were never fetched.
  if ! { apt update && apt install -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
    tail -5 "$log" >&2
    give_up "apt-get cannot install the packages (see above; is there a network?)"
  fi
fi
[ ${#blocked[@]} -eq 0 ] || exit 1
