# Each target installs what it needs and what is missing, says so, and does nothing twice.
# ARGS goes to the program: make demo ARGS="--port 9000"

.PHONY: help demo run build watch test lint bench e2e screenshots clean
.DEFAULT_GOAL := help

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## Build, and run on the built-in demo market (no internet needed)
	@scripts/run demo $(ARGS)

run: ## Build, and run on the live sources
	@scripts/run live $(ARGS)

build: ## Build target/release/memescope and target/site
	@scripts/build

watch: ## Rebuild and reload while editing, on the demo market (needs cargo-leptos)
	@scripts/watch $(ARGS)

test: ## Every test, in a real browser too
	@scripts/test

lint: ## Formatting, clippy for both targets, documentation, dependency rules
	@scripts/lint

bench: ## The benchmarks, about half an hour; one alone: make bench ARGS="tick"
	@scripts/bench $(ARGS)

e2e: ## The browser tests alone: make e2e ARGS="scroll"
	@scripts/e2e $(ARGS)

screenshots: ## Renew the pictures in docs/screens
	@SCREENS=docs/screens scripts/e2e screens $(ARGS)

clean: ## Remove what was built, and the npm packages
	cargo clean
	rm -rf node_modules end2end/shots end2end/test-results
