# The everyday commands; `make` alone lists them. What they do stands in the scripts that they call.
PORT = 3000
SECONDS = 60
RELEASE = .build/release
SOURCES = Sources Tests Compliance Examples Package.swift

.DEFAULT_GOAL := help
.PHONY: help serve test lint format autobahn protocol browser faults bench bench-client bench-deflate bench-fanout bench-idle fuzz prerequisites release

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-14s %s\n", $$1, $$2 }'

serve: ## Build and start the server: http://localhost:3000 (PORT=3000)
	@Compliance/prerequisites.sh build
	@swift build -c release --product duplex
	@exec $(RELEASE)/duplex serve --port $(PORT)

test: prerequisites ## Run the tests: units, the command, the protocol, faults, examples and proxies, Autobahn (quick), browsers
	@Compliance/test.sh

lint: ## Check the style
	swift format lint --strict -r $(SOURCES)

format: ## Bring the sources into the style
	swift format format -i -r $(SOURCES)

autobahn: prerequisites release ## Run Autobahn's testsuite in full, both roles
	@Compliance/Autobahn/run.sh $(RELEASE)/duplex $(RELEASE)/autobahn-client full

protocol: ## Check a server of the rooms' protocol: URL=http://localhost:3000/ (default: this one, on a free port)
	@$(if $(URL),,swift build --product duplex)
	@Compliance/Protocol/run.sh $(or $(URL),.build/debug/duplex)

faults: prerequisites release ## Make faults: half-open peers, resets, 10,000 slow handshakes, a rolling restart …
	@Compliance/Faults/faults.sh $(RELEASE)/duplex full

browser: prerequisites release ## Test the pages, compression and HTTP/2 in browsers
	@Compliance/Browser/run.sh $(RELEASE)/duplex

define BENCH_LOADS
100 20 1 2.0
500 125 1 2.0
100 20 50 1.5
20 65536 1 1.3
10 1048576 1 1.6
endef

# For this target only: the other scripts have loads of their own.
bench: export LOADS := $(BENCH_LOADS)
bench: prerequisites release ## Measure CPU time per message beside uWebSockets
	@Benchmarks/compare.sh '$(RELEASE)/duplex serve --port {port}' /echo

bench-client: prerequisites release ## Measure the client's CPU time per message beside picows
	@Benchmarks/client.sh $(RELEASE)/client-bench

bench-deflate: prerequisites release ## Measure compressed echo beside uWebSockets, node-ws and websockets
	@Benchmarks/deflate.sh '$(RELEASE)/duplex serve --port {port} --threads 1 --compression {mode} --compression-level 6 --compression-threshold 0' /echo

bench-fanout: prerequisites release ## Measure CPU time per delivered message, 1 to 5,000, beside uWebSockets
	@Benchmarks/fanout.sh '$(RELEASE)/duplex serve --port {port} --threads 1 --publishes-per-second 0 --room-publishes-per-second 0'

bench-idle: prerequisites release ## Measure memory per idle connection
	@Benchmarks/idle.sh $(RELEASE)/duplex

fuzz: ## Fuzz the protocol core and compression (SECONDS=60)
	@Compliance/prerequisites.sh build
	@Compliance/Fuzzing/fuzz.sh $(SECONDS)

prerequisites: ## Check for what testing needs; on Debian as root, install it
	@Compliance/prerequisites.sh test

release:
	@swift build -c release
