# make run    sets everything up and starts the demo business
# make test   the whole test suite
# The rest: build rehearsal lint bench fuzz e2e e2e-long setup ui models clean help

SHELL := /bin/bash
space := $() $()
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

# libopusfile is not needed: nothing here reads Opus files through it.
ifeq (,$(findstring nolibopusfile,$(GOFLAGS)))
export GOFLAGS := $(strip $(GOFLAGS) -tags=nolibopusfile)
endif
export CGO_ENABLED := 1

GO       ?= go
NPM      ?= npm
CACHE    := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hotline
BIN      := bin/hotline
STAMPS   := bin/.stamps
UI       := internal/web/ui/dist/index.html
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LIBS     := libonnxruntime.so libsherpa-onnx-c-api.so
FUZZTIME ?= 10s
GOLANGCI := v2.12.2
# What "make run" serves. Its English line lives in examples/retail-en.
BUSINESS ?= examples/retail-zh
# What the tests use; those that lie beside the clone are left alone.
TEST_MODELS := vad/silero-v6 asr/whisper-base tts/kokoro-v1.0 tts/piper-en-us-joe embed/e5-small-zhen embed/minilm-l6-en turn/smart-turn-v3

.PHONY: run build binary rehearsal ui setup models test-models test test-go test-ui test-console lint bench fuzz e2e e2e-long clean help
help:
	@sed -n '1,3s/^# //p' Makefile

# --- running

# What a server's first start else computes while it answers, less surely, for a minute.
run: build models
	@[ -n "$(ARGS)" ] || [ -e "$${HOTLINE_DATA_DIR:-data}/vectors" ] || { echo "learning what callers mean, once"; $(BIN) knowledge vectors $(foreach b,$(BUSINESS),--business $(b)); } || true
	@exec $(BIN) serve $(foreach b,$(BUSINESS),--business $(b)) $(ARGS)

models: $(BIN)
	@$(BIN) models pull

# --- building

build: $(STAMPS)/setup $(UI)
	@$(MAKE) --no-print-directory binary

# Go knows by itself what is to be built again, and takes a second to find that
# there is nothing. The binary looks for its libraries beside itself first: the
# module that carries them adds its own place behind.
binary: $(STAMPS)/libraries
	@CGO_LDFLAGS='-O2 -g -Wl,-rpath,$$ORIGIN/lib' $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o $(BIN) ./cmd/hotline
	@! ldd $(BIN) | grep -E '$(subst $(space),|,$(LIBS))' | grep -v '$(CURDIR)/bin/lib/' || { echo 'make: $(BIN) does not find its libraries in bin/lib' >&2; exit 1; }

$(BIN): | $(STAMPS)/setup
	@$(MAKE) --no-print-directory build

setup: $(STAMPS)/setup
$(STAMPS)/setup: scripts/setup.sh
	@scripts/setup.sh build serve models ui
	@mkdir -p $(@D) && touch $@

# The native libraries come with a Go module; beside the binary they stay when the
# module cache goes.
$(STAMPS)/libraries: go.mod scripts/libraries.sh | $(STAMPS)/setup
	@scripts/libraries.sh bin/lib $(LIBS)
	@mkdir -p $(@D) && touch $@

ui: $(UI)
UI_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print 2>/dev/null)
ifneq (,$(wildcard web/package.json))
$(UI): web/node_modules/.package-lock.json $(UI_SOURCES)
	@echo "building the console"
	@cd web && $(NPM) run --silent build -- --logLevel error
	@touch $@

web/node_modules/.package-lock.json: web/package-lock.json | $(STAMPS)/setup
	@cd web && $(NPM) ci --silent --no-audit --no-fund
	@touch $@
else
.PHONY: $(UI)
$(UI):
	@echo "no web/package.json: the console is left out"
endif

# --- testing

test: test-ui test-console test-go

# The binary too: some tests ring it.
test-go: $(STAMPS)/setup
	@$(MAKE) --no-print-directory binary
	@scripts/test.sh

test-ui: $(if $(wildcard web/package.json),web/node_modules/.package-lock.json)
	@[ ! -f web/package.json ] || (cd web && $(NPM) test --silent)

# The console in a headless Chromium, against the real store and web server.
test-console: $(if $(wildcard web/package.json),$(UI))
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null; then cd web && $(NPM) run --silent e2e; \
	elif [ "$${CI:-}" = true ]; then echo "Chromium is missing, and CI must have it"; exit 1; \
	else echo "MISSING-DATA: Chromium is not here, the tests of the console's pages are left out"; fi

test-models: build
	@$(BIN) models pull $(TEST_MODELS)

$(CACHE)/bin/golangci-lint-$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI), once"
	@GOFLAGS= GOBIN=$(CACHE)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	@ln -sf golangci-lint $@

lint: $(CACHE)/bin/golangci-lint-$(GOLANGCI) $(if $(wildcard web/package.json),web/node_modules/.package-lock.json)
	@scripts/check-dependencies.sh
	@$(CACHE)/bin/golangci-lint run ./...
	@[ ! -f web/package.json ] || (cd web && $(NPM) run --silent lint)

fuzz: $(STAMPS)/setup
	@FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

# Figures as lines of JSON on standard output; what is being done goes to standard
# error. ARGS="-quick" is a short run (docs/performance.md).
bench: $(STAMPS)/setup
	@$(MAKE) --no-print-directory binary
	@CGO_LDFLAGS='-O2 -g -Wl,-rpath,$$ORIGIN/lib' $(GO) build -trimpath -o bin/bench ./cmd/bench
	@bin/bench $(ARGS)

# Whole calls with real softphones, and the console in a headless Chromium.
e2e: build $(STAMPS)/test-setup
	@HOTLINE_E2E=1 $(GO) test -count=1 -timeout 40m ./internal/e2e/...
	@[ ! -f web/package.json ] || (cd web && HOTLINE_E2E=1 $(NPM) run --silent e2e)

# The server whose calendar leaps, for campaigns of weeks in minutes. It is never shipped.
rehearsal: build
	@CGO_LDFLAGS='-O2 -g -Wl,-rpath,$$ORIGIN/lib' GOFLAGS='$(GOFLAGS),rehearsal' $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/hotline-rehearsal ./cmd/hotline

# Soaks, kills, hours of sound.
e2e-long: build rehearsal $(STAMPS)/test-setup
	@scripts/e2e-long.sh

$(STAMPS)/test-setup: scripts/setup.sh
	@scripts/setup.sh test
	@mkdir -p $(@D) && touch $@

clean:
	rm -rf bin internal/web/ui/dist web/node_modules
