"""What is measured, against which peer, one command: `python -m benchmarks`."""
