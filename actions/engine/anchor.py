"""anchor: the signed seals as lines of JSON, to be kept where nobody who writes to the database can write."""

from collections.abc import Iterator

from actions.engine.seal import seals


def export(*, after: int = 0) -> Iterator[str]:
    """One line per seal above a number, in order; verify(anchor=…) reads them back."""
    for link in seals(after=after):
        yield link.line()
