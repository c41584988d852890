# The commands people type; `just --list` shows them.

# Start a local server with a demo merchant
dev *ARGS:
    cargo run --release -p tollgate-server -- dev {{ARGS}}

# Run every test
test:
    cargo test --workspace

# Run the whole gate
gate:
    .ci/run

# Fuzz for SECONDS per target: all targets, or those named
fuzz SECONDS *TARGETS:
    fuzz/run {{SECONDS}} {{TARGETS}}

# Compare the main paths with the raw operations
bench:
    cargo bench --workspace
