"""How much JSON is taken in, and the refusals that text and values share."""

from dataclasses import dataclass
from typing import NoReturn

from actions.errors import InvalidInput
from actions.values.paths import Step, join

LARGEST_INTEGER = 2**53 - 1
"""Beyond it a double skips integers, and jsonb would store 1e308 as an integer of 309 digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much JSON is taken in. An action that needs more raises max_bytes, up to 5 MiB."""

    max_bytes: int = 256 * 1024
    """Bytes of the whole, in UTF-8: of text as sent, of a decoded value as compact JSON."""
    depth: int = 32
    """Objects and lists inside each other, the outermost included."""
    nodes: int = 10_000
    """Values at all levels, the outermost included; keys are not counted."""
    string: int = 64 * 1024
    """Bytes of one string, in UTF-8."""
    key: int = 256
    """Characters of one key."""
    integer: int = LARGEST_INTEGER
    """Absolute value of any number, whether written as integer or as float."""
    number_text: int = 32
    """Characters of a number as written."""


DEFAULT_LIMITS = Limits()


def too_large(limits: Limits) -> str:
    """The sentence of number_out_of_range."""
    return f"Numbers go from -{limits.integer:,} to {limits.integer:,}; send this one as a string."


def refuse_size(limits: Limits) -> NoReturn:
    """Raise InvalidInput: more bytes than max_bytes."""
    raise InvalidInput("payload_too_large", f"The JSON may have {limits.max_bytes:,} bytes, not more.")


def refuse_nodes(limits: Limits) -> NoReturn:
    """Raise InvalidInput: more values than nodes."""
    raise InvalidInput("too_many_values", f"The JSON may hold {limits.nodes:,} values, not more.")


def refuse_depth(limits: Limits, steps: list[Step]) -> NoReturn:
    """Raise InvalidInput: deeper than depth, first at `steps`."""
    message = f"Objects and lists may stand {limits.depth} deep, not deeper."
    raise InvalidInput("too_deep", message, path=join(steps))
