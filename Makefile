# make help lists the targets.

VERSION    ?= v0.1.0
COMMIT     := $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BUILD_TIME := $(shell TZ=UTC git log -1 --date=format-local:'%Y-%m-%d %H:%M:%S' --format=%cd 2>/dev/null || echo unknown)
LDFLAGS    := -s -w -X main.version=$(VERSION)-$(COMMIT) -X 'main.buildTime=$(BUILD_TIME)'

GO          ?= go
STATICCHECK ?= honnef.co/go/tools/cmd/staticcheck@v0.8.2
# A static program without C, that knows all time zones itself and can therefore run in an empty image.
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -tags timetzdata -ldflags "$(LDFLAGS)"
PKGS ?= ./...

# Tests behind these tags are checked by lint but run by targets of their own.
TAGS = container long bench

# How many packages are tested at a time; more than the cores only makes each of them slower.
TEST_P   ?= 2
FUZZTIME ?= 20s
MUTANTS  ?= 1000000
BENCH    ?= .
IMAGE    ?= dragonfly

# docker where it works, else podman in a form that also works inside a container and without a daemon.
CONTAINER_ENGINE ?= $(shell if docker info >/dev/null 2>&1; then echo docker; \
	elif command -v podman >/dev/null; then echo "podman --storage-driver=vfs --cgroup-manager=cgroupfs $$(command -v runc >/dev/null && echo --runtime $$(command -v runc))"; fi)

DEPS = gcc libc6-dev dpkg-dev git redis-server redis-sentinel redis-tools tcl podman runc tzdata util-linux \
	python3-redis python3-rq python3-celery python3-django-redis php-cli php-redis node-redis ruby-sidekiq prometheus-redis-exporter
# Packages of npm that the tests use; they are installed into bin/npm.
NPM_DEPS = bullmq@6.7.0 connect-redis@9.0.0 express-session@1.19.0 ioredis@6.0.0 redis@6.3.1

.DEFAULT_GOAL := help
.PHONY: help build test race test-long lint fmt fuzz bench microbench integration conformance suites cover cross image container-test deps run-sample clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

build: ## Build the static program bin/dragonfly
	$(BUILD) -o bin/dragonfly ./cmd/dragonfly

test: ## Vet and test everything under the race detector: what every commit must pass
	$(GO) vet $(PKGS)
	CGO_ENABLED=1 $(GO) test -race -p $(TEST_P) $(PKGS)

race: ## Test under the race detector, each test three times
	CGO_ENABLED=1 $(GO) test -race -p $(TEST_P) -count 3 $(PKGS)

test-long: ## Test with the long randomized runs: every prefix, 1,000 data sets, two million commands; up to two hours
	CGO_ENABLED=1 HANDOFFS=10000 TRANSACTIONS=50000 $(GO) test -race -p $(TEST_P) -tags long -count 1 -timeout 60m $(PKGS)
	HANDOFFS=50000 TRANSACTIONS=1000000 BLOCKED=9000 $(GO) test -count 1 -timeout 30m -run "HandOffs|Transactions|BlockedCost" ./server
	$(GO) test -count 1 -timeout 30m -run Prefix ./rdbload -prefixes
	BLOCKED=9000 DATASETS=1000 COMMANDS=2000000 SNAPSHOTS=1000 MUTANTS=300 KILLS=300 ELEMENTS=300000 FORMATS=2 $(GO) test -count 1 -timeout 60m ./integration

lint: ## Report files gofmt would change, and what vet and staticcheck find
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt these:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet -tags "$(TAGS)" $(PKGS)
	$(GO) run $(STATICCHECK) -tags "$(TAGS)" $(PKGS)

fmt: ## Format all Go files
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

fuzz: ## Load MUTANTS (1,000,000) damaged snapshots, an hour, then run every fuzz target for FUZZTIME (20s)
	$(GO) test -count 1 -timeout 5h -run 'TestMutants$$' ./server/loader -mutants $(MUTANTS)
	@$(GO) list -f '{{.Dir}}' $(PKGS) | while read -r dir; do \
		for target in $$(grep -hos '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -c6-); do \
			echo "$$dir $$target"; (cd $$dir && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) .) || exit 1; \
		done; done

bench: build ## Compare with a real redis-server in one run: throughput, memory, files (about 20 minutes)
	$(GO) test -tags bench -count 1 -timeout 60m -v -run "TestThroughput|TestFiles|TestGrowth|TestFormats|TestStall|TestLongStalls|TestPublish" ./integration | grep -v "^=== \|^--- "

microbench: ## Run the Go benchmarks; BENCH selects by name
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -p 1 $(PKGS)

integration: build ## Play scripts to the built program and to a real redis-server and compare
	$(GO) test -count 1 ./integration/...

conformance: build ## Run the test suite of Redis against the built program (see integration/conformance.sh)
	integration/conformance.sh

suites: build ## Run the test suites of go-redis and miniredis against the built program (see integration/suites.sh)
	integration/suites.sh

cover: ## Write coverage to bin/coverage.html
	@mkdir -p bin
	$(GO) test -coverprofile bin/coverage.out $(PKGS)
	$(GO) tool cover -html bin/coverage.out -o bin/coverage.html
	@$(GO) tool cover -func bin/coverage.out | tail -n 1

cross: ## Build for every supported system and processor
	GOOS=linux GOARCH=amd64 $(BUILD) -o bin/dragonfly-linux-amd64 ./cmd/dragonfly
	GOOS=linux GOARCH=arm64 $(BUILD) -o bin/dragonfly-linux-arm64 ./cmd/dragonfly
	GOOS=darwin GOARCH=amd64 $(BUILD) -o bin/dragonfly-darwin-amd64 ./cmd/dragonfly
	GOOS=darwin GOARCH=arm64 $(BUILD) -o bin/dragonfly-darwin-arm64 ./cmd/dragonfly

image: build ## Build the container image from the program built here, without fetching anything
	@test -n "$(CONTAINER_ENGINE)" || { echo "neither docker nor podman works here"; exit 1; }
	rm -rf bin/image && mkdir -p bin/image/rootfs/data bin/image/rootfs/tmp
	chmod 1777 bin/image/rootfs/data bin/image/rootfs/tmp
	cp bin/dragonfly bin/image/rootfs/dragonfly
	sed -n '/^FROM scratch/,$$p' Dockerfile | sed 's/COPY --from=build/COPY/' > bin/image/Dockerfile
	$(CONTAINER_ENGINE) build $(if $(findstring podman,$(CONTAINER_ENGINE)),--format docker) -t $(IMAGE) bin/image

container-test: image ## Test the container image
	CONTAINER_ENGINE="$(CONTAINER_ENGINE)" CONTAINER_IMAGE="$(IMAGE)" $(GO) test -count 1 -tags container -run Container ./integration

deps: ## Install what the tests use (Debian, as root), else say what is missing
	@missing=""; for p in $(DEPS); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing; \
	else echo "missing (names of Debian packages):$$missing"; fi
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v npm >/dev/null; then \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends npm; fi
	@if ! command -v npm >/dev/null; then echo "missing: npm"; \
	elif [ "$$(cat bin/npm/installed 2>/dev/null)" != "$(NPM_DEPS)" ]; then \
		mkdir -p bin/npm && npm install --prefix bin/npm --no-save --no-audit --no-fund --silent $(NPM_DEPS) && echo "$(NPM_DEPS)" >bin/npm/installed; fi

run-sample: build ## Serve a copy of the sample dump on port 6379 until Ctrl-C
	@mkdir -p bin/sample && cp testdata/sample/dump.rdb bin/sample/
	bin/dragonfly --logtostderr --dir bin/sample --dbfilename dump

clean: ## Remove what was built
	rm -rf bin
