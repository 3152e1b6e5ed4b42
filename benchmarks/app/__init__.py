"""What benchmarks invoke, and the tables that their handlers write."""
