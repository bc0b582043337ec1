# Two commands do all set-up on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Node 24 and every tool come from node_modules; the machine's own Node only has to start npx.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
PNPM := npx --yes pnpm@12.21.0
INSTALLED := node_modules/.installed
CARDS := marvell netsec

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-18s %s\n", $$1, $$2 }' Makefile

$(INSTALLED): package.json pnpm-lock.yaml pnpm-workspace.yaml $(wildcard packages/*/package.json) test/package.json
	$(PNPM) install --frozen-lockfile
	touch $@

.PHONY: compiler
compiler: $(INSTALLED)
	@[ -e "$$(gcc -print-file-name=libc.a 2>/dev/null)" ] || node test/support/compiler.ts

.PHONY: build
build: compiler ## Type-check and bundle everything into packages/*/dist
	tsc -b
	$(PNPM) -r --if-present bundle

.PHONY: lint
lint: $(INSTALLED) ## Check formatting, lint rules and types
	biome check .
	tsc -b

.PHONY: format
format: $(INSTALLED) ## Format the code and apply the linter's safe fixes
	biome check --write .

.PHONY: manifests
manifests: build ## Generate config/ and docs/rights.md from the schemas and the rights
	node packages/core/dist/bundle/generate-manifests.mjs

.PHONY: test
test: lint build ## Run every test: unit, integration (kernel, OVS) and end to end on Kind clusters
	node test/run.ts unit integration e2e e2e-2c

.PHONY: test-unit
test-unit: compiler ## Run the unit tests: no root, no cluster, seconds
	node test/run.ts unit

.PHONY: test-integration
test-integration: build ## Run the tests against the real kernel, Open vSwitch and CNI plugins (root)
	node test/run.ts integration

.PHONY: test-e2e
test-e2e: build ## Run the end-to-end tests on a Kind cluster (TEST_CLUSTER=existing for your own; CARD=marvell for that card)
	$(if $(CARD),CARD=$(CARD)) node test/run.ts e2e

.PHONY: test-cards
test-cards: build ## Run the main job on a Kind cluster through each card that the operator has a plugin for
	status=0; for card in $(CARDS); do CARD=$$card node test/run.ts e2e || status=$$?; done; exit $$status

.PHONY: test-e2e-2c
test-e2e-2c: build ## Run the end-to-end tests on two Kind clusters, one with the host and one with the DPU
	node test/run.ts e2e-2c

.PHONY: e2e
e2e: $(INSTALLED) ## Run the main job on real cards (KUBECONFIG_HOST and KUBECONFIG_DPU, see docs/test-cards.md)
	node test/run.ts e2e-real

.PHONY: fuzz
fuzz: compiler ## Give odd input to every door for long (RUNS=100000, SEED= of a failure)
	FUZZ_RUNS=$(or $(RUNS),100000) FUZZ_SEED=$(or $(SEED),$$RANDOM) vitest run --project unit fuzz

.PHONY: test-down
test-down: $(INSTALLED) ## Delete the tests' Kind clusters
	for name in dpu-test dpu-test-host dpu-test-dpu; do node test/cluster/cli.ts down --name $$name; done

.PHONY: demo
demo: build ## Show two pods talking through a software DPU on a real Kubernetes cluster
	node test/demo/demo.ts

.PHONY: demo-down
demo-down: $(INSTALLED) ## Delete the demo's cluster
	node test/cluster/cli.ts down --name dpu-demo

.PHONY: dev
dev: build ## Put the code as it stands onto a running cluster (CLUSTER=dpu-demo)
	node test/dev.ts $(or $(CLUSTER),dpu-demo)

.PHONY: bench
bench: build ## Measure latency, memory, start-up and image sizes, and print the table
	node test/bench/bench.ts

.PHONY: clean
clean: ## Remove what the build made
	rm -rf packages/*/dist test/dist packages/*/*.tsbuildinfo test/*.tsbuildinfo .build
