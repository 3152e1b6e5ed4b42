"""Benchmarks: throughput against plain RQ, and chaos. Each starts servers of its own and prints one table."""
