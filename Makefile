# Two commands do all set-up on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Node 24 and every tool come from node_modules; the machine's own Node only has to start npx.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
PNPM := npx --yes pnpm@12.21.0
INSTALLED := node_modules/.installed
CARDS := marvell netsec ipu

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z][a-z0-9-]*:.*## / { printf "  %-20s %s\n", $$1, $$2 }' Makefile
	@printf '\n%s\n' 'Taskfile.yaml has the same targets for "task".'

##@ Change the code

$(INSTALLED): package.json pnpm-lock.yaml pnpm-workspace.yaml $(wildcard packages/*/package.json) test/package.json
	$(PNPM) install --frozen-lockfile
	touch $@

.PHONY: compiler
compiler: $(INSTALLED)
	@[ -e "$$(gcc -print-file-name=libc.a 2>/dev/null)" ] || node test/support/programs/compiler.ts

.PHONY: build
build: compiler ## Type-check and bundle everything into packages/*/dist
	tsc -b
	$(PNPM) -r --if-present bundle

.PHONY: lint
lint: $(INSTALLED) ## Check formatting, lint rules, import circles, types and dead code
	biome check .
	tsc -b
	knip --no-progress

.PHONY: vet
vet: lint ## As lint, by its name in Go projects

.PHONY: fmt
fmt: $(INSTALLED) ## Format the code and apply the linter's safe fixes
	biome check --write .

.PHONY: manifests
manifests: $(INSTALLED) ## Generate config/, the chart, the bundle and docs/rights.md from the schemas and the rights
	node --conditions=source packages/core/src/manifests/main.ts

.PHONY: bundle
bundle: manifests ## As manifests: what it generates has the bundle for the Operator Lifecycle Manager

.PHONY: docs
docs: build ## Make the documentation's site in .build/docs (REPOSITORY= URL for links to sources)
	node scripts/docs/site.ts

##@ Test the code (T="chain" for the files with that in their names; see CONTRIBUTING.md)

.PHONY: test
test: lint build ## Run every test: unit, integration (kernel, OVS) and end to end on Kind clusters
	node test/run.ts unit unit-isolated e2e-2c integration e2e e2e-card

.PHONY: test-unit
test-unit: compiler ## Run the unit tests: no root, no cluster, seconds
	$(if $(T),vitest run --project unit --project unit-isolated $(T),node test/run.ts unit unit-isolated)

.PHONY: fast-test
fast-test: test-unit ## As test-unit, by its name in the Go operator

.PHONY: test-integration
test-integration: build ## Run the tests against the real kernel, Open vSwitch and CNI plugins (root)
	node test/run.ts integration

.PHONY: test-e2e
test-e2e: build ## Run the end-to-end tests on a Kind cluster (TEST_CLUSTER=existing for your own; CARD=marvell, netsec or ipu for that card)
	node test/run.ts e2e$(if $(CARD),-card)

.PHONY: test-cards
test-cards: build ## Run the main job on a Kind cluster through each card that the operator has a plugin for
	status=0; for card in $(CARDS); do CARD=$$card node test/run.ts e2e-card || status=$$?; done; exit $$status

.PHONY: test-e2e-2c
test-e2e-2c: build ## Run the end-to-end tests on two Kind clusters, one with the host and one with the DPU
	node test/run.ts e2e-2c

.PHONY: test-upgrade
test-upgrade: build ## Upgrade from another commit's operator to this one and back, with traffic (FROM=<commit>)
	node test/run.ts upgrade

.PHONY: e2e
e2e: $(INSTALLED) ## Run the main job on real cards (KUBECONFIG_HOST and KUBECONFIG_DPU, see docs/test-cards.md)
	node test/run.ts e2e-real

.PHONY: fuzz
fuzz: compiler ## Give odd input to every door for long (RUNS=100000, SEED= of a failure)
	FUZZ_RUNS=$(or $(RUNS),100000) FUZZ_SEED=$(or $(SEED),$$RANDOM) vitest run --project unit fuzz

.PHONY: test-down
test-down: $(INSTALLED) ## Delete the tests' Kind clusters
	for name in dpu-test dpu-test-host dpu-test-dpu; do node test/cluster/cli.ts down --name $$name; done

##@ Try it: no card, no cluster needed

.PHONY: demo
demo: build ## Show two pods talking through a software DPU on a real Kubernetes cluster
	node test/demo/demo.ts

.PHONY: demo-down
demo-down: $(INSTALLED) ## Delete the demo's cluster
	node test/cluster/cli.ts down --name dpu-demo

##@ Change the code on a running cluster

.PHONY: dev
dev: build ## Put the code as it stands onto a running cluster (CLUSTER=dpu-demo)
	node test/dev.ts $(or $(CLUSTER),dpu-demo)

.PHONY: run
run: build ## Run the operator on this machine against the current kubeconfig, until Ctrl+C
	node scripts/commands.ts run

##@ Measure, tidy up

.PHONY: bench
bench: build ## Measure latency, memory, start-up and image sizes, and print the table
	node test/bench/bench.ts

.PHONY: bench-scale
bench-scale: build ## Measure the operator with simulated fleets against a real API server (SIZES=1000,5000,10000; FIRST= DPUs that it brings up itself)
	node --conditions=source test/bench/scale.ts $(or $(SIZES),1000) $(or $(FIRST),200)

.PHONY: bench-rollout
bench-rollout: build ## Measure good and broken releases over 40 simulated DPUs: how many are down at once, and how long
	node --conditions=source test/bench/rollout.ts

.PHONY: bench-install
bench-install: build ## Measure installing, until the DPUs are Ready, in one Kind cluster and in two
	node test/bench/cluster/install.ts

.PHONY: clean
clean: ## Remove what the build made
	rm -rf packages/*/dist test/dist scripts/dist packages/*/*.tsbuildinfo test/*.tsbuildinfo scripts/*.tsbuildinfo .build

##@ Cluster operators: install and remove (KUBECONFIG_HOST, KUBECONFIG_DPU, REGISTRY, TAG; see docs/install.md)

.PHONY: deploy
deploy: build ## Install in two clusters, the hosts' and the DPUs'
	node scripts/commands.ts deploy

.PHONY: deploy-1c
deploy-1c: build ## Install in one cluster with hosts and DPUs (KUBECONFIG_HOST)
	node scripts/commands.ts deploy-1c

.PHONY: deploy-cluster-host
deploy-cluster-host: build ## Install in the hosts' cluster (KUBECONFIG_HOST)
	node scripts/commands.ts deploy-cluster-host

.PHONY: deploy-cluster-dpu
deploy-cluster-dpu: build ## Install in the DPUs' cluster (KUBECONFIG_DPU)
	node scripts/commands.ts deploy-cluster-dpu

.PHONY: undeploy
undeploy: build ## Remove from two clusters, with all that is on the nodes and the kinds
	node scripts/commands.ts undeploy

.PHONY: undeploy-1c
undeploy-1c: build ## Remove from one cluster, with all that is on the nodes and the kinds
	node scripts/commands.ts undeploy-1c

.PHONY: redeploy
redeploy: build ## Build and push the images, remove from two clusters and install again
	node scripts/commands.ts redeploy

.PHONY: redeploy-1c
redeploy-1c: build ## Build and push the images, remove from one cluster and install again
	node scripts/commands.ts redeploy-1c

.PHONY: migrate
migrate: build ## Take over from a running Go operator; pods keep running (OPTIONS=--interrupt-network-functions)
	node scripts/commands.ts migrate $(OPTIONS)

.PHONY: migrate-check
migrate-check: build ## Say what is in the way of that; nothing is changed
	node scripts/commands.ts migrate-check $(OPTIONS)

.PHONY: migrate-back
migrate-back: build ## Until a migration is complete: the Go operator again, as it was
	node scripts/commands.ts migrate-back

.PHONY: install
install: $(INSTALLED) ## Install the kinds (CRDs) alone, in the cluster of KUBECONFIG
	node scripts/commands.ts install-crds

.PHONY: uninstall
uninstall: $(INSTALLED) ## Delete the kinds with every object of them, in the cluster of KUBECONFIG
	node scripts/commands.ts uninstall-crds

##@ Release: images for amd64 and arm64 (REGISTRY, TAG, PUSH_TLS_VERIFY=false, ENGINE=docker|podman|buildah)

.PHONY: build-image-all
build-image-all: build ## Build the images whose inputs changed
	node scripts/commands.ts build-images

.PHONY: build-image-operator
build-image-operator: build ## Build the image of operator and daemon
	node scripts/commands.ts build-images operator

.PHONY: build-image-vsp
build-image-vsp: build ## Build the image that runs plugins
	node scripts/commands.ts build-images vsp

.PHONY: push-image-all
push-image-all: build ## Build and push the images, each as one for both architectures
	node scripts/commands.ts push-images

.PHONY: clean-image-all
clean-image-all: $(INSTALLED) ## Remove the images from this machine
	node scripts/commands.ts clean-images

.PHONY: clean-image-operator
clean-image-operator: $(INSTALLED) ## Remove the image of operator and daemon from this machine
	node scripts/commands.ts clean-images operator

.PHONY: clean-image-vsp
clean-image-vsp: $(INSTALLED) ## Remove the image that runs plugins from this machine
	node scripts/commands.ts clean-images vsp

##@ Release: packages (NPM_CONFIG_REGISTRY, PROVENANCE=1; .github/workflows/release.yml does it for a tag)

.PHONY: release-packages
release-packages: build ## Publish each npm package whose version the registry has not
	node scripts/commands.ts release-packages

##@ Release: clusters with cards (see docs/test-cards.md)

.PHONY: prepare-e2e-test
prepare-e2e-test: $(INSTALLED) ## Say whether two clusters can be set up by cluster-deployment-automation, and what is missing
	node scripts/commands.ts prepare-e2e-test

.PHONY: e2e-test
e2e-test: build ## Set up two clusters by cluster-deployment-automation, install and run the main job on the cards
	node scripts/commands.ts e2e-test

.PHONY: e2e-test-1-cluster
e2e-test-1-cluster: build ## The same with one cluster
	node scripts/commands.ts e2e-test-1-cluster

.PHONY: fast-e2e-test
fast-e2e-test: build ## Install anew in two clusters that run already, and run the main job on the cards
	node scripts/commands.ts fast-e2e-test

.PHONY: fast-e2e-test-1c
fast-e2e-test-1c: build ## Install anew in one cluster that runs already, and run the main job on the cards
	node scripts/commands.ts fast-e2e-test-1c
