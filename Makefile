# Building needs Go alone. Everything else says what it needs.

GO        ?= go
BIN       := bin
# The race detector needs a C compiler.
RACE      := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
SUDO      := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
# Packages whose tests need root; the same binaries run again through sudo.
PRIVILEGED := ./bpf ./collector/kernel ./cmd/whyres

.PHONY: build
build: ## bin/whyres, bin/server, bin/pulse
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ ./cmd/whyres ./cmd/server ./cmd/pulse

.PHONY: demo
demo: build ## the whole story in a minute; FULL=1: with the runtime's own clock, five minutes
	@SUDO="$(SUDO)" FULL="$(FULL)" bash cmd/demo.sh

.PHONY: test
test: ## all tests: what needs no root, then the rest through sudo
	$(GO) vet ./...
	# One package at a time: several count what is loaded into the kernel.
	$(GO) test -p 1 $(RACE) $(TESTFLAGS) ./...
	@GO="$(GO)" SUDO="$(SUDO)" TESTFLAGS="$(TESTFLAGS)" bash cmd/test-privileged.sh $(PRIVILEGED)

.PHONY: bench
bench: build ## what tracing costs, as ratios, against strace, perf trace and bpftrace
	@SUDO="$(SUDO)" GO="$(GO)" bash cmd/bench.sh

.PHONY: lint
lint: ## golangci-lint, gofumpt, govulncheck, clang-format
	@GO="$(GO)" bash cmd/lint.sh

.PHONY: generate
generate: ## the eBPF objects (clang 14, llvm, libbpf-dev) and the runtime's layouts
	$(GO) generate ./bpf

.PHONY: check-generated
check-generated: generate ## fails if the committed objects are not those of the source
	git diff --exit-code -- bpf

.PHONY: test-kernels
test-kernels: ## the eBPF side under QEMU on kernels from 5.10 to 7.3 (Debian, qemu-system-x86)
	$(GO) run ./bpf/internal/vmtest -- ./bpf

.PHONY: clean
clean:
	rm -rf $(BIN)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
