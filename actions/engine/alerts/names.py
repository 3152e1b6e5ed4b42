"""The name of a rule or a channel, as people give it."""

from typing import Any

from actions.errors import InvalidInput, storable
from actions.models.alert import LONGEST_NAME
from actions.values import keytext


def checked_name(name: str, *, taken: Any) -> str:
    """A name that may be given. Raises InvalidInput `invalid_name`, `name_taken`."""
    name = keytext.without_keys(storable(" ".join(name.split())))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidInput("invalid_name", f"A name has 1 to {LONGEST_NAME} characters that can be seen.", path="name")
    if taken.filter(name=name).exists():
        raise InvalidInput("name_taken", "There is one of this name already.", path="name")
    return name
