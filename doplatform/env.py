"""Settings from the environment: odd values are refused, and any NAME may come from the file named by NAME_FILE."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


def text(name: str, default: str | None = None, *, missing: str = "") -> str:
    """The value of NAME, or the stripped content of the file that NAME_FILE names, or `default`.

    Raises ImproperlyConfigured when both are set, when the file cannot be read, or, saying `missing`, when there is no
    value at all.
    """
    value, file = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and file is not None:
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set; keep one.")
    if file is not None:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read: {error.strerror}.") from None
    if value is not None:
        return value
    if default is None:
        raise ImproperlyConfigured(missing or f"{name} (or {name}_FILE) must be set.")
    return default


def flag(name: str, *, default: bool) -> bool:
    """True or False; anything but those two words is refused, so that DEBUG=no cannot mean yes."""
    value = text(name, str(default))
    if value not in {"True", "False"}:
        raise ImproperlyConfigured(f"{name} must be True or False, not {value!r}.")
    return value == "True"


def number(name: str, default: int) -> int:
    """A whole number."""
    value = text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def decimal(name: str, default: float) -> float:
    """A number, which may have a fraction."""
    value = text(name, str(default))
    if not _DECIMAL.fullmatch(value):
        raise ImproperlyConfigured(f"{name} must be a number such as 2 or 0.5, not {value!r}.")
    return float(value)


def choice(name: str, default: str, choices: Sequence[str]) -> str:
    """One of a few words; anything else is refused."""
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def folders(name: str) -> list[Path]:
    """A comma-separated list of folders; a system check says which is not there."""
    return [Path(word).absolute() for word in words(name)]


def knobs(settings: type, renamed: Mapping[str, str]) -> dict[str, object]:
    """What the environment says of the fields of a dataclass of settings, each read as its type asks; what it does not name is
    left out. A variable is called as its field, but for those in `renamed`."""
    variables = {knob.name: (renamed.get(knob.name, knob.name), knob.type) for knob in fields(settings)}
    return {name: _read(variable, kind) for name, (variable, kind) in variables.items() if _names(variable)}


def _names(variable: str) -> bool:
    return variable in os.environ or f"{variable}_FILE" in os.environ


def _read(variable: str, kind: object) -> object:
    if kind is bool:
        return flag(variable, default=False)
    if kind is int:
        return number(variable, 0)
    if kind is float:
        return decimal(variable, 0)
    return text(variable) if kind is str else words(variable)


def database(url: str) -> dict[str, object]:
    """Django's DATABASES entry for postgresql://user:password@host:port/name?option=value.

    `host` may stand in the query (?host=/socket/folder), as libpq writes it.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://; no other database will do.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or options.pop("port", "")),
        "OPTIONS": options,
    }
