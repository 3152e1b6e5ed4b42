"""Idempotency keys that the client gives itself."""

import os
import time
from uuid import UUID


def new_key() -> str:
    """A UUIDv7: never given twice, also after a fork, and sorted by time."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=number))
