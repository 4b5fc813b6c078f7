# The front door. Each target works as the first and only command in a clean clone on Debian 12 or 13: it
# installs what is missing (as root or with sudo), builds, and does what its line says.
JOBS ?= $(shell nproc)
BUILD = cmake $(if $(findstring release-,$(1)),--fresh) --preset $(1) $(QUIET) $(OPTIONS) && cmake --build --preset $(1) -j $(JOBS)
QUIET = --log-level=WARNING

# Of which architectures (amd64, arm64) what is made is; another than this machine's is cross-compiled, see cmake/cross.cmake.
THIS_ARCH := $(shell dpkg --print-architecture)
ARCH ?= $(THIS_ARCH)
PRESET = $(if $(filter $(THIS_ARCH),$(1)),release,release-$(1))
BUILD_ARCHES = $(foreach arch,$(ARCH),$(call BUILD,$(call PRESET,$(arch))) $(1) &&) true
CROSS_PACKAGES = $(patsubst %,cross-%,$(filter-out $(THIS_ARCH),$(ARCH)))
comma = ,
empty =
ARCH_LIST = $(subst $(empty) $(empty),$(comma),$(strip $(ARCH)))

.PHONY: help demo test golden portability lint tidy format asan tsan bench fuzz image release release-files man e2e-kernel e2e-kube e2e-node e2e-cluster scale istio build clean report

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | sort | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## the programs, in build/release/bin, and the tests
	@scripts/install-packages build
	@$(call BUILD,release)

demo: ## a pod before and after, over a real TLS connection
	@scripts/install-packages build
	@$(call BUILD,release) --target smc-webhook smc-certs smc-demo
	@scripts/demo

test: ## every test that needs no virtual machine and no cluster; T=REGEX for those with such names, ARCH=arm64 emulated
	@scripts/install-packages build $(CROSS_PACKAGES)
	@$(call BUILD_ARCHES)
	@$(foreach arch,$(ARCH),ctest --preset $(call PRESET,$(arch)) $(if $(T),--tests-regex '$(T)') &&) true

golden: ## writes the answers of the golden reviews anew, after a deliberate change; read the diff
	@scripts/install-packages build
	@$(call BUILD,release) --target inject_test
	@SMC_UPDATE_GOLDEN=1 build/release/test/inject_test --gtest_brief=1 --gtest_filter='*Golden.*'
	@git --no-pager diff --stat -- test/webhook/review/golden

portability: ## builds and tests this tree in a root of the other Debian release, 12 or 13 (needs root; first run 20 min)
	@scripts/install-packages portability
	@scripts/portability

lint: ## the order of the rooms, formatting, shellcheck, and clang-tidy over the programs
	@scripts/install-packages build lint
	@scripts/lint

tidy: ## clang-tidy over everything, the tests too
	@scripts/install-packages build lint
	@$(call BUILD,tidy)

format: ## rewrites the sources with clang-format
	@scripts/install-packages lint
	@git ls-files '*.h' '*.cc' | xargs clang-format-19 -i

asan: ## the tests under the address and undefined behaviour sanitizers
	@scripts/install-packages build
	@$(call BUILD,asan)
	@ctest --preset asan

tsan: ## the tests under the thread sanitizer
	@scripts/install-packages build
	@$(call BUILD,tsan)
	@ctest --preset tsan

e2e-kube: build ## the chart in clusters on this machine: etcd, API server, scheduler, Helm (needs root; first run 15 min)
	@test/e2e-kube/run

istio: ## istio's own injector and redirects beside ours; ISTIO=DIR: its repository, ISTIO_INJECT=PROGRAM: its injector
	@scripts/install-packages build istio e2e-kernel
	@$(call BUILD,release) --target smc-webhook e2e-kernel
	@test/istio/injection.py build/release/bin/smc-webhook $(or $(ISTIO),$(error ISTIO=DIR is to name istio's repository))/pkg/kube/inject/testdata/inject $(ISTIO_INJECT)
	@ISTIO=$(ISTIO) test/e2e-kernel/run mesh

# kubectl-smc is one static file in what is for other machines.
image release-files: OPTIONS = -DSMC_STATIC_KUBECTL=ON
IMAGES = smc-webhook smc-node-init smc-node-agent smc-bench
image: ## container images in build/image, made and checked without a container engine; ARCH="amd64 arm64" for both in one
	@scripts/install-packages build image $(CROSS_PACKAGES)
	@$(call BUILD_ARCHES,--target $(IMAGES) kubectl-smc)
	@scripts/image --architectures $(ARCH_LIST) build/image $(IMAGES)
	@test/image/check --architectures $(ARCH_LIST) build/image $(IMAGES)

RELEASE_ARCHES = amd64 arm64
release: ## all that a release holds, in build/release-files, checked; scripts/publish pushes it to a registry
	@$(MAKE) --no-print-directory release-files ARCH="$(RELEASE_ARCHES)"

release-files:
	@scripts/install-packages build image publish $(CROSS_PACKAGES)
	@$(call BUILD_ARCHES,--target $(PROGRAMS))
	@scripts/release --architectures $(ARCH_LIST) build/release-files
	@test/image/check --architectures $(ARCH_LIST) build/release-files $(IMAGES)
	@test/release/check --architectures $(ARCH_LIST) build/release-files
	@test/release/publish build/release-files

e2e-kernel: ## SMC-R on a real kernel, in virtual machines under emulation; KERNEL="6.12 6.17 7" for several kernels, ARCH=arm64
	@scripts/install-packages build e2e-kernel $(CROSS_PACKAGES)
	@$(call BUILD_ARCHES,--target e2e-kernel)
	@$(foreach arch,$(ARCH),ARCH=$(arch) test/e2e-kernel/run &&) true

e2e-node: ## the agent and pods on SMC-R on nodes of a cluster: virtual machines beside a real API server (needs root)
	@scripts/install-packages build e2e-kube e2e-kernel
	@$(call BUILD,release) --target e2e-kernel smc-webhook kubectl-smc smc-bench
	@test/e2e-node/run

scale: ## what agents and the webhook cost a real API server, and that for 5,000 nodes (needs root; 8 quiet minutes)
	@scripts/install-packages build e2e-kube
	@$(call BUILD,release) --target smc-webhook smc-node-agent-played
	@test/scale/run

e2e-cluster: ## the chart in a cluster of virtual machines (ARCH=arm64) with kubelet, containerd and a registry (needs root; first run 20 min)
	@scripts/install-packages build image e2e-kube e2e-kernel e2e-cluster $(CROSS_PACKAGES)
	@$(call BUILD_ARCHES,--target $(IMAGES) e2e-kernel)
	@$(call BUILD,release) --target smc-webhook kubectl-smc
	@scripts/image --architectures $(ARCH_LIST) build/image $(IMAGES)
	@$(foreach arch,$(ARCH),ARCH=$(arch) test/e2e-cluster/run &&) true

bench: build ## instructions of a review, the load beside nginx, a pod's wait, the switch's cost (8 quiet minutes, as root)
	@scripts/install-packages bench e2e-kernel
	@cmake --build --preset release -j $(JOBS) --target review_bench pod_wait_bench switch_cost
	@test/bench/instructions
	@unshare --pid --fork --mount-proc build/release/test/pod_wait_bench 50 600
	@test/bench/switch_cost
	@test/bench/load build/release

PROGRAMS = smc-webhook smc-certs smc-node-init smc-node-agent smc-bench kubectl-smc
PREFIX ?= build/share
man: ## manual pages and shell completions of the programs, below PREFIX (build/share)
	@scripts/install-packages build
	@$(call BUILD,release) --target $(PROGRAMS)
	@scripts/man build/release/bin $(PREFIX)

report: ## a report of smc-bench as headless Chromium draws it, held against its numbers; pictures in build/report
	@scripts/install-packages build browser
	@$(call BUILD,release) --target smc-bench
	@test/smc-bench/report_in_browser build/release/bin/smc-bench build/report

fuzz: ## fuzzes all that reads what others wrote, each target for SECONDS (60)
	@scripts/install-packages build fuzz
	@$(call BUILD,fuzz)
	@test/fuzz/run $(or $(SECONDS),60)

clean: ## removes build/
	@rm -rf build
