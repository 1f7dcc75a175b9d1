# Building needs Go alone. Everything else says what it needs.

GO        ?= go
BIN       := bin
# The race detector needs a C compiler.
RACE      := $(shell command -v gcc >/dev/null 2>&1 && echo -race)
SUDO      := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
# Packages whose tests need root; the same binaries run again through sudo.
PRIVILEGED := ./bpf ./collector/kernel ./collector/discover ./cmd/whyres ./cmd/whyres/internal/settings
# Those whose tests run in virtual machines too, and the product as a whole.
IN_KERNELS := ./bpf ./collector/kernel ./collector/discover ./bpf/internal/vmtest/product

# Every minor release, first and last patch of those whose layout changed within.
TOOLCHAINS ?= go1.12.17 go1.13 go1.13.15 go1.14 go1.14.15 go1.15.15 go1.16 go1.16.15 go1.17 go1.17.13 go1.18 go1.18.10 \
	go1.19 go1.19.13 go1.20.14 go1.21.13 go1.22.12 go1.23.0 go1.23.12 go1.24.0 go1.24.13 go1.25.8 go1.26.0 go1.26.8 go1.27.4

.PHONY: build
build: ## bin/whyres, bin/server, bin/pulse
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ ./cmd/whyres ./cmd/server ./cmd/pulse

.PHONY: demo
demo: build ## the whole story in a minute; FULL=1: with the runtime's own clock, six minutes
	@SUDO="$(SUDO)" FULL="$(FULL)" bash cmd/demo.sh

.PHONY: lab
lab: build ## which setting gives memory back best, and its price: the quick lab (root; four minutes); ARGS="--runs 3 --go 1.16,1.27" for more
	$(SUDO) $(BIN)/whyres lab --quick $(ARGS)

.PHONY: picture
picture: build ## LAB=a lab's folder, or a recording: the top of its report as PICTURE (cmd/whyres/picture.png), at most 300 KB (chromium and pngquant; as the owner of LAB)
	@test -n "$(LAB)" || { echo 'make picture: LAB= the folder of a lab, or a recording' >&2; exit 1; }
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && $(BIN)/whyres report "$(LAB)" -o "$$dir/page.html" && \
	chromium --headless --hide-scrollbars $$(test $$(id -u) != 0 || echo --no-sandbox) --user-data-dir="$$dir/chromium" --window-size=1280,$(or $(HEIGHT),1000) \
		--virtual-time-budget=5000 --screenshot="$$dir/page.png" "file://$$dir/page.html" 2>"$$dir/said" || { cat "$$dir/said" >&2; exit 1; }; \
	pngquant --force --speed 1 --quality 70-98 --output "$$dir/page.png" "$$dir/page.png" && size=$$(wc -c <"$$dir/page.png") && { test "$$size" -le 300000 || { echo "make picture: $$size bytes, more than 300 KB: give a smaller HEIGHT=" >&2; exit 1; }; } && \
	cp "$$dir/page.png" "$(or $(PICTURE),cmd/whyres/picture.png)"

.PHONY: culprit
culprit: build ## NAME=madv-free: runs a program that holds memory for that cause, and whyres at it; without NAME lists them
	@$(GO) run ./cmd/whyres/internal/culprit/run -sudo "$(SUDO)" $(NAME)

.PHONY: test
test: ## all tests: what needs no root, then the rest through sudo
	$(GO) vet ./...
	# One package at a time: the storms of calls want the machine to themselves.
	$(GO) test -p 1 -timeout 30m $(RACE) $(TESTFLAGS) ./...
	@GO="$(GO)" SUDO="$(SUDO)" TESTFLAGS="$(TESTFLAGS)" bash cmd/test-privileged.sh $(PRIVILEGED)

.PHONY: bench
bench: build ## what tracing and looking cost, as ratios, against strace, perf trace, bpftrace and smaps
	@SUDO="$(SUDO)" GO="$(GO)" bash cmd/bench.sh

.PHONY: lint
lint: ## golangci-lint, gofumpt, govulncheck, clang-format
	@GO="$(GO)" bash cmd/lint.sh

.PHONY: test-go
test-go: ## every Go from 1.12 to 1.27, stripped or not, against its own ReadMemStats and RES (through the module proxy; minutes)
	@log=$$(mktemp) && trap 'rm -f "$$log"' EXIT && \
	export WHYRES_TOOLCHAINS="$(TOOLCHAINS)" && \
	{ $(GO) test -count=1 -timeout 40m -parallel 12 -v ./collector/goruntime && \
		$(GO) test -count=1 -parallel 12 -v -run TestEveryGo ./collector/target ./server; } >"$$log" 2>&1 || \
		{ grep -vE '^=== ' "$$log"; exit 1; }; \
	grep -oE 'compared go.*|at rest: .*|^ok.*' "$$log"

.PHONY: test-clock
test-clock: ## the forecast against Go's own clock, on four Go releases at once (root; through the module proxy; 7 minutes, on a quiet host)
	WHYRES_CLOCK=1 $(GO) test -count=1 -timeout 20m -v -run TestForecastInRealTime ./cmd/whyres

.PHONY: generate
generate: ## the eBPF objects (clang 14, llvm, libbpf-dev)
	$(GO) generate ./bpf

.PHONY: check-generated
check-generated: generate ## fails if the committed objects are not those of the source
	git diff --exit-code -- bpf

.PHONY: layouts
layouts: ## the runtime's field offsets for binaries without DWARF, from each toolchain (minutes)
	$(GO) generate ./collector/goruntime/internal/layout

.PHONY: test-kernels
test-kernels: ## whyres and its privileged tests under QEMU on eleven kernels from 5.10 to 7.3 (Debian's; qemu-system-x86); KERNELS="5.10 7.3" for some, UPDATE=1: the newest of each
	$(GO) run ./bpf/internal/vmtest -kernels "$(or $(KERNELS),all)" $(if $(UPDATE),-update) -- $(IN_KERNELS)

.PHONY: kernels-table
kernels-table: ## the README's table "madvise across kernels", from what probe said on each kernel of the last test-kernels
	$(GO) run ./cmd/whyres/internal/kernelstable README.md

.PHONY: clean
clean:
	rm -rf $(BIN)

.PHONY: help
help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
