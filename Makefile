# segeld. `make run`: a running demo. `make test`: everything that must hold. Both do their own set-up; Rust comes first.
SHELL := /bin/bash
export PATH := $(PATH):$(HOME)/.cargo/bin
SEGELD_CORPUS ?= ../shared/corpus
# Tests run in the folders of their packages, so the path they get does not depend on where they stand.
override export SEGELD_CORPUS := $(abspath $(SEGELD_CORPUS))
ARGS ?=
FUZZ_SECONDS ?= 20

.PHONY: run test bench corpus fuzz resilience token-suite lint

# A demo agency, token, CA and certificates in var/demo, and the daemon that serves them.
run:
	@scripts/set-up run
	@cargo build --release --package segeld --bin segeld
	@exec target/release/segeld demo $(ARGS)

# Unit tests, then the daemon as a process, judged by pdfsig, pyHanko, qpdf and openssl.
test:
	@scripts/set-up test
	cargo build --package segeld --bin segeld
	cargo test --workspace $(ARGS)

# Prints the figures and writes docs/cost.md and docs/benchmarks.md.
bench:
	@scripts/set-up test
	cargo bench --package segeld-benches --bench cost -- $(ARGS)
	cargo bench --package segeld-benches --bench throughput -- $(ARGS)
	cargo bench --package segeld-benches --bench distance -- $(ARGS)

# Signs third-party PDFs through the daemon, a table by category; says so when $(SEGELD_CORPUS) is not there. Before that
# PDFBox Preflight judges what becomes of PDF/A-1b.
corpus:
	@scripts/set-up corpus
	cargo build --package segeld --bin segeld
	cargo test --package segeld-tests --test end-to-end -- --ignored archive::
	cargo run --package segeld-tests --bin corpus -- $(ARGS)

# Every fault in every call, measured beside what is due in docs/resilience.md.
resilience:
	@scripts/set-up test
	cargo build --package segeld --bin segeld
	SEGELD_RESILIENCE=all cargo test --package segeld-tests --test resilience -- what_is_due --nocapture $(ARGS)

# The token suite on a second implementation of PKCS#11, built from crates.io.
token-suite:
	scripts/token-suite $(ARGS)

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

# Every fuzz target for FUZZ_SECONDS; what it finds becomes a test.
fuzz:
	@command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
	@for target in fuzz/targets/*.rs; do fuzz/run "$$(basename "$$target" .rs)" $(FUZZ_SECONDS) || exit 1; done
