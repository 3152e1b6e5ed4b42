"""A Merkle tree over entries' hashes, as RFC 6962 builds it: leaves and inner nodes can never be taken for each other."""

from collections.abc import Sequence
from hashlib import sha256


def root(leaves: Sequence[bytes]) -> str:
    """The root over hashes in their order, in hex. The hash of nothing for none."""
    if not leaves:
        return sha256().hexdigest()
    level = list(leaves)
    while len(level) > 1:
        pairs = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            pairs.append(level[-1])
        level = pairs
    return level[0].hex()
