# SPDX-FileCopyrightText: The vouch authors
# SPDX-License-Identifier: Apache-2.0

# A copy without .git, or without tags or commits, builds as "unreleased".
VERSION := $(shell test -e .git && git describe --tags --dirty 2>/dev/null || echo unreleased)
COMMIT  := $(shell test -e .git && git describe --always --dirty --abbrev=12 --exclude '*' 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)

.PHONY: help build demo test soak lint bench package

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[a-z ]*## /\1	/p' Makefile

build: ## build bin/vouch, bin/vouch-agent and bin/vouch-verify, static
	CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/vouch ./cmd/vouch-verify
	CGO_ENABLED=0 go build -buildvcs=false -trimpath -tags nethttpomithttp2 -ldflags '$(LDFLAGS)' -o bin/ ./cmd/vouch-agent

demo: build ## build, then show the main job (flags: make demo ARGS='--for 30s --plain')
	@bin/vouch demo $(ARGS)

test: ## install what the tests need (says what and why), then run every check
	@scripts/test-deps
	@scripts/lint
	@scripts/test

soak: ## the tests again, with long rounds: about an hour
	@scripts/test-deps
	@VOUCH_SOAK=1 scripts/test -count=1 -timeout 3h

lint: ## gofmt, go vet, staticcheck
	@scripts/lint

bench: ## print figures: benchmarks, and the cost of a poll beside other programs
	@scripts/bench

package: ## cross-build every platform into dist/, with checksums
	@VERSION='$(VERSION)' LDFLAGS='$(LDFLAGS)' scripts/package
