"""Chaos: random kills, pauses and flushes under load, and what was lost, doubled or blindly repeated by them."""
