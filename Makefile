# Every target works on a machine with Go, make and git, but for those that say what else they need.
.DEFAULT_GOAL := build
SHELL := /bin/bash

GO ?= go
# The API machinery's version, which kubectl shows for client and server.
KUBERNETES_VERSION := $(patsubst v0.%,v1.%,$(shell $(GO) list -m -f '{{.Version}}' k8s.io/apiserver))
LDFLAGS := -s -w -X k8s.io/component-base/version.gitVersion=$(KUBERNETES_VERSION)
LINT := $(GO) tool -modfile=$(CURDIR)/hack/lint/go.mod golangci-lint

# One way to compile: what tests have compiled serves the builds, too, which take twice as long from an empty cache otherwise.
export CGO_ENABLED := 0
export GOFLAGS += -trimpath

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "%-22s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/velero-locations.
	$(GO) build -ldflags '$(LDFLAGS)' -o $(or $(OUTPUT),bin/velero-locations) ./cmd/velero-locations

.PHONY: run
run: build ## Run everything on loopback, with state in .dev (options: make run ARGS='--port 0').
	@exec bin/velero-locations dev $(ARGS)

# The simulator is a module of its own, for those who want nothing else; internal is what it shares with the rest.
MODULES := . internal simulator

# Go does not see that files outside of a module change, which those of the alerts test.
.PHONY: test
test: ## Run all tests but those that need what hack/tools builds. Needs no network beyond modules.
	$(foreach module,$(MODULES),$(GO) test -C $(module) -timeout 20m ./... &&) $(GO) test -C hack/alerts -count 1 ./...

# Package by package, so that one machine of two cores has the memory for it.
.PHONY: race
race: ## Run all tests under the race detector, which needs a C compiler; an hour or more, so nightly.
	$(foreach module,$(MODULES),CGO_ENABLED=1 $(GO) test -C $(module) -race -p 1 -timeout 60m ./... &&) true

.PHONY: bench
bench: ## Run the benchmarks.
	$(GO) test -run '^$$' -bench . -benchtime 3x ./cmd/...

.PHONY: bench-simulator
bench-simulator: ## Compare the simulator's S3 with other servers (options: make bench-simulator ARGS=-quick).
	$(GO) run ./hack/benchsimulator $(ARGS)

.PHONY: bench-api
bench-api: build tools ## Compare the API server with Velero's CRDs (options: make bench-api ARGS='-rounds 5 -baseline FILE').
	$(GO) run ./hack/benchapi $(ARGS)

.PHONY: bench-scale
bench-scale: build tools ## The same with 100,000 backups; takes an hour (options: make bench-scale ARGS='-backups 10000 -doomed 2000 -synced 2000').
	$(GO) run ./hack/benchapi -scale $(ARGS)

.PHONY: bench-restores
bench-restores: build tools ## Restore 20,000 config maps by our controller and by Velero's server (options: make bench-restores ARGS='-restored 2000').
	$(GO) run ./hack/benchapi -restored 20000 $(ARGS)

.PHONY: bench-controllers
bench-controllers: ## Measure what controllers take for a record, among 1,000 to 100,000.
	$(GO) test -run '^$$' -bench . ./controllers/backup ./controllers/backupsync ./controllers/deletion ./controllers/expiry

.PHONY: generate
generate: ## Regenerate all generated code.
	hack/generate.sh

.PHONY: lint
lint: ## Check style and format.
	$(foreach module,$(MODULES) e2e hack/alerts,(cd $(module) && $(LINT) run ./...) &&) true
	$(GO) tool -modfile=$(CURDIR)/hack/lint/actions/go.mod actionlint .github/workflows/*.yaml

.PHONY: fmt
fmt: ## Format the code.
	$(foreach module,$(MODULES) e2e hack/alerts,(cd $(module) && $(LINT) fmt ./...) &&) true

.PHONY: verify
verify: ## Prove that generated code, modules, format and style are as they should be.
	hack/verify-generated.sh
	$(foreach module,$(MODULES) e2e hack/alerts,$(GO) mod tidy -C $(module) -diff &&) $(GO) mod verify
	$(MAKE) lint

.PHONY: tools
tools: ## Build kube-apiserver, kubectl, etcd, velero and its AWS plugin into hack/tools/bin, once; the first time takes 10 to 20 minutes.
	hack/tools/build.sh

.PHONY: e2e
e2e: build tools ## Run the suites behind a real kube-apiserver, on loopback. A suite that fails says where its logs are.
	$(GO) test ./cmd/velero-locations -run '^TestModel$$' -count 1 -model $(MODEL) -timeout 0
	$(GO) test -C e2e -count 1 -timeout 40m ./...

.PHONY: e2e-long
e2e-long: build tools ## Harm one of three servers, members of etcd and controllers again and again, under load, and print what came of it (options: make e2e-long ROUNDS=10).
	$(GO) test -C e2e ./replicas -count 1 -v -rounds $(or $(ROUNDS),5) -timeout 0

# How long locations and backups are changed at random, on two servers.
MODEL ?= 30s
.PHONY: model
model: ## Change locations and backups at random for a time, with a seed that repeats (options: make model MODEL=2h SEED=1).
	$(GO) test ./cmd/velero-locations -run '^TestModel$$' -count 1 -v -model $(MODEL) -model-seed $(or $(SEED),0) -timeout 0

.PHONY: kill
kill: ## Kill dev at random moments under writes to all that it keeps (options: make kill ROUNDS=100 SEED=1).
	$(GO) test ./cmd/velero-locations -run '^TestKill$$' -count 1 -v -kill $(or $(ROUNDS),20) -kill-seed $(or $(SEED),0) -timeout 0

# The image is for the architecture that GOARCH names.
IMAGE ?= velero-locations:latest
.PHONY: image
image: ## Make bin/image.tar, a container image, without a container engine (options: make image IMAGE=registry/name:tag).
	GOOS=linux GOARCH=$(shell $(GO) env GOARCH) $(MAKE) build OUTPUT=bin/linux/velero-locations
	GOARCH= $(GO) run ./hack/image -program bin/linux/velero-locations -architecture $(shell $(GO) env GOARCH) -name $(IMAGE) -output bin/image.tar

# Where it is served, and that it can be asked how it is: what a program has to do with that is in its flags.
SIMULATOR_IMAGE ?= velero-locations-simulator:latest
.PHONY: image-simulator
image-simulator: ## Make bin/simulator-image.tar, an image that runs the simulator (options: make image-simulator SIMULATOR_IMAGE=registry/name:tag).
	GOOS=linux GOARCH=$(shell $(GO) env GOARCH) $(MAKE) build OUTPUT=bin/linux/velero-locations
	$(MAKE_IMAGE) -program bin/linux/velero-locations -argument simulator -environment VELERO_LOCATIONS_SIMULATOR_HOST=0.0.0.0 \
		-port 9000 -port 7445 -port 7446 -port 7447 -health simulator -health health -scratch /data -name $(SIMULATOR_IMAGE) -output bin/simulator-image.tar

.PHONY: release
release: ## Make what is released of a tag in bin/release (options: make release VERSION=v0.1.0).
	hack/release/release.sh '$(VERSION)' bin/release

# What else runs in the pods of suites on nodes: Velero with its plugin, etcd, and a pod with files to back up.
MAKE_IMAGE = GOARCH= $(GO) run ./hack/image -architecture $(shell $(GO) env GOARCH)
VELERO_VERSION = $(shell $(GO) list -C hack/tools/velero -m -f '{{.Version}}' github.com/vmware-tanzu/velero)
PLUGIN_VERSION = $(shell $(GO) list -C hack/tools/velero -m -f '{{.Version}}' github.com/vmware-tanzu/velero-plugin-for-aws)
PLUGIN := velero-plugin-for-aws
.PHONY: images-for-nodes
images-for-nodes: tools
	GOOS=linux $(GO) build -C e2e -o ../bin/linux/files ./nodes/files
	$(MAKE_IMAGE) -program hack/tools/bin/velero -beside hack/tools/bin/velero-restore-helper=/velero-restore-helper -scratch /tmp \
		-name velero/velero:$(VELERO_VERSION) -output bin/velero.tar
	$(MAKE_IMAGE) -program hack/tools/bin/cp-plugin -argument /plugins/$(PLUGIN) -argument /target/$(PLUGIN) \
		-beside hack/tools/bin/$(PLUGIN)=/plugins/$(PLUGIN) -name velero/$(PLUGIN):$(PLUGIN_VERSION) -output bin/$(PLUGIN).tar
	$(MAKE_IMAGE) -program hack/tools/bin/etcd -name etcd:for-tests -output bin/etcd.tar
	$(MAKE_IMAGE) -program bin/linux/files -name files:latest -output bin/files.tar

.PHONY: node-image
node-image: ## Make the image of a node for e2e-kind, of Debian packages and Go modules. Needs root, Docker, debootstrap and jq.
	@mkdir -p bin
	hack/node-image/build.sh >bin/node-image.new
	@mv bin/node-image.new bin/node-image && cat bin/node-image

# The image that `make node-image` has made, or what kind would pull; and how many nodes beside that of the control plane.
NODE_IMAGE ?= $(shell cat bin/node-image 2>/dev/null)
WORKERS ?= 0
# Whether there is a container engine is asked first, since what follows takes its time.
.PHONY: e2e-kind
e2e-kind: ## Run the suites in a cluster that kind makes. Needs Docker, and the image of a node (options: make e2e-kind NODE_IMAGE=name WORKERS=2).
	$(GO) test -C e2e -tags kind -count 1 -run '^TestEngine$$' .
	$(MAKE) build image images-for-nodes
	NODE_IMAGE=$(NODE_IMAGE) WORKERS=$(WORKERS) $(GO) test -C e2e -tags kind -count 1 -timeout 60m -p 1 -run 'Kind$$' -v . ./nodes ./replicas

.PHONY: simulator-minio-tests
simulator-minio-tests: ## Run minio-go's functional tests against the simulator, case by case.
	@$(GO) run ./hack/simulator-minio-tests

# From the directory of the package, so that go test prints the table of results when all is well, too.
.PHONY: simulator-clients
simulator-clients: ## Run awscli, s3cmd, rclone and restic against the simulator.
	@$(GO) test -C simulator/internal/clients -count 1 -tags clients
