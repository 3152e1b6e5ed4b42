"""What this installation allows, from its settings; and what else of them goes out."""

import os
import string
from functools import lru_cache

from django.conf import settings

from actions import conf
from actions.errors import SettingMissing
from actions.outside.address import Rules


def current() -> Rules:
    """The rules in force. Raises ValueError where OUTSIDE_ALLOWED_HOSTS cannot be read (a system check says so first)."""
    knobs = conf.get()
    return _rules(knobs.OUTSIDE_ALLOWED_HOSTS, knobs.OUTSIDE_ALLOW_HTTP)


def setting(name: str) -> str:
    """The text of a Django setting, or else of a variable of the environment. Raises SettingMissing, naming it."""
    found = _found(name)
    if found is None:
        raise SettingMissing(
            f"{name} is neither a setting nor a variable of this process's environment; nothing was sent. Set it, and "
            "retry."
        )
    return found


def has(name: str) -> bool:
    """Whether there is such a setting."""
    return _found(name) is not None


def filled(text: str) -> tuple[str, list[str]]:
    """`text` with every ${NAME} replaced by that setting, and the values that were put in. Raises SettingMissing."""
    template = string.Template(text)
    values = {name: setting(name) for name in template.get_identifiers()}
    return template.substitute(values), list(values.values())


def _found(name: str) -> str | None:
    found = getattr(settings, name, None) or os.environ.get(name)
    return found if isinstance(found, str) and found else None


@lru_cache(maxsize=8)
def _rules(allowed: tuple[str, ...], http: bool) -> Rules:
    return Rules.of(allowed, http=http)
