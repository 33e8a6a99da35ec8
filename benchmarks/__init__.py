"""What the program costs in time and memory: ``python -m benchmarks [NAME ...]``."""
