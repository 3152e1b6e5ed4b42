"""Operators' verbs, one per file: each checks permission and reason, changes one thing by the ledger, and says what it did."""
