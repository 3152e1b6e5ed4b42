"""Functions that know nothing of actions, as other people's modules have them. Tests wrap them without touching this."""

from decimal import Decimal
from functools import lru_cache


def price(amount: Decimal, rate: Decimal = Decimal("0.20"), *, round_up: bool = False) -> Decimal:
    """The price with tax."""
    total = amount * (1 + rate)
    return total.quantize(Decimal(1)) if round_up else total


async def later(text: str) -> str:
    """The text, in its own time."""
    return text.upper()


@lru_cache
def cached(n: int) -> int:
    """Twice the number."""
    return 2 * n


def untyped(a, b=1):
    return a + b


class Printer:
    """Has methods of every kind."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def show(self, text: str) -> str:
        """The text with this printer's mark."""
        return f"{self.mark}{text}"

    @classmethod
    def kind(cls, text: str) -> str:
        """The text with the printer's kind."""
        return f"{cls.__name__}:{text}"

    @staticmethod
    def plain(text: str) -> str:
        return text

    def __call__(self, text: str) -> str:
        """The text, twice."""
        return self.mark + text + text
