"""The rules for values that are already decoded. On the path of every invoke, so shortcuts come first."""

import json
import math
from typing import Any

from actions.errors import InvalidInput
from actions.values.limits import DEFAULT_LIMITS, Limits, refuse_depth, refuse_nodes, refuse_size, too_large
from actions.values.paths import join, steps_to

_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """Compact JSON text of a checked value, for jsonb."""
    return _compact(value)


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}


def check(value: Any, *, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether a decoded value is plain: no floats, ASCII keys only, so that sorted compact JSON is canonical.

    Only exact dict (with str keys), list, str, int, float, bool and None are JSON. Raises InvalidInput.
    """
    plain, characters, nodes = walk(value, limits)
    # A character takes 1 to 6 bytes, a number at most 25; only what these bounds leave open is measured.
    if 6 * characters + 32 * nodes > limits.max_bytes and (
        characters > limits.max_bytes or len(dumps(value).encode()) > limits.max_bytes
    ):
        refuse_size(limits)
    return plain


def walk(root: Any, limits: Limits) -> tuple[bool, int, int]:
    """Level by level, so that neither depth nor a cycle costs a stack. Returns (plain, characters, nodes)."""
    plain, characters, nodes, depth = True, 0, 0, 0
    level: list[Any] = [(root,)]
    while level:
        if depth > limits.depth:
            refuse_depth(limits, steps_to(root, level[0]))
        deeper: list[Any] = []
        for container in level:
            nodes += len(container)
            if nodes > limits.nodes:
                refuse_nodes(limits)
            if type(container) is dict:
                for key in container:
                    if not (type(key) is str and key.isascii() and len(key) <= limits.key and "\0" not in key):
                        _check_key(key, root, container, limits)
                        plain = False
                    characters += len(key)
                more, ok = _look(container.values(), root, container, limits, deeper)
            else:
                more, ok = _look(container, root, container, limits, deeper)
            characters += more
            plain = plain and ok
        level = deeper
        depth += 1
    return plain, characters, nodes


def _look(items: Any, root: Any, container: Any, limits: Limits, deeper: list[Any]) -> tuple[int, bool]:
    """The items of one container: shortcuts for what is common and right, `_fault` for the rest."""
    plain, characters, longest, largest = True, 0, limits.string, limits.integer
    for item in items:
        kind = type(item)
        if kind is str and item.isascii() and len(item) <= longest and "\0" not in item:
            characters += len(item)
        elif (kind is int and -largest <= item <= largest) or kind is bool or item is None:
            pass
        elif kind is dict or kind is list:
            deeper.append(item)
        else:
            fault = _fault(item, limits)
            if fault:
                raise InvalidInput(*fault, path=join(steps_to(root, container, item)))
            if kind is float:
                plain = False
            elif kind is str:
                characters += len(item)
    return characters, plain


def _fault(item: Any, limits: Limits) -> tuple[str, str] | None:
    """What is wrong with a value that is neither object nor list: (code, message)."""
    kind = type(item)
    if kind is str:
        return _text_fault(item, limits.string)
    if kind is bool or item is None:
        return None
    if kind is not int and kind is not float:
        message = f"{kind_of(item)} is not JSON; pass plain dict, list, str, int, float, bool or None."
        return "not_json", message
    if kind is float and not math.isfinite(item):
        return "invalid_number", "NaN and Infinity are not JSON numbers."
    return None if -limits.integer <= item <= limits.integer else ("number_out_of_range", too_large(limits))


def _text_fault(text: str, longest: int) -> tuple[str, str] | None:
    # Measured before it is encoded: a copy of what is far too long would cost more than the answer is worth.
    if len(text) <= longest:
        if "\0" in text:
            return "nul_not_allowed", "The character U+0000 cannot be stored; leave it out."
        try:
            if len(text.encode()) <= longest:
                return None
        except UnicodeEncodeError:
            return "invalid_unicode", "Half a surrogate pair is no character; send both halves or neither."
    return "string_too_long", f"A string may have {longest:,} bytes of UTF-8, not more."


def _check_key(key: Any, root: Any, container: Any, limits: Limits) -> None:
    if type(key) is not str:
        message = f"A key must be a plain str, not {kind_of(key)}."
        raise InvalidInput("not_json", message, path=join(steps_to(root, container)))
    fault = _text_fault(key, 4 * limits.key)
    if len(key) > limits.key:
        fault = "key_too_long", f"A key may have {limits.key:,} characters, not more."
    if fault:
        raise InvalidInput(*fault, path=join([*steps_to(root, container), key]))


def kind_of(value: Any) -> str:
    """What a value is, as a message names it."""
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return "null" if value is None else _KINDS.get(kind, f"{module}{kind.__qualname__}")
