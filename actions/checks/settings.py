"""Checks of Django's settings: DOPLATFORM, the queues, the database, django-rq's pages."""

import math
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  (Django's word)
from django.db import DEFAULT_DB_ALIAS, connections
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string

from actions import conf, narrowing
from actions.outside.address import Rules
from actions.outside.signature import is_secret
from actions.values.redaction import Rule

_SAVEPOINTS = 64
_PLACE = re.compile(r"https?://[^\s?#@]+")
_IGNORED = ("HOST", "PORT", "DB", "USERNAME", "PASSWORD", "SENTINELS", "USE_REDIS_CACHE", "SERIALIZER")


def sound() -> bool:
    """Whether DOPLATFORM can be read at all; checks that use it wait until it can."""
    return not list(_wrong())


def unknown(**_: Any) -> list[CheckMessage]:
    """E005: DOPLATFORM holds nothing that means nothing."""
    if not isinstance(_given(), dict):
        return []
    return [
        Error(
            f"DOPLATFORM[{name!r}] is unknown.",
            hint=f"Correct or remove it. There are: {', '.join(sorted(conf.known()))}.",
            id="doplatform.E005",
        )
        for name in sorted(_given().keys() - conf.known(), key=repr)
    ]


def values(**_: Any) -> list[CheckMessage]:
    """E006: every value has the type and size of its knob."""
    return list(_wrong())


def rhythm(**_: Any) -> list[CheckMessage]:
    """E007, W006: the knobs fit each other and PostgreSQL."""
    if not sound():
        return []
    knobs = conf.get()
    messages: list[CheckMessage] = []
    if 2 * knobs.HEARTBEAT > knobs.LEASE:
        messages.append(
            Error(
                f"HEARTBEAT is {knobs.HEARTBEAT:g} s and LEASE {knobs.LEASE:g} s: one late heartbeat would cost a living "
                "worker its attempts.",
                hint="Make LEASE at least twice HEARTBEAT; three times is the default.",
                id="doplatform.E007",
            )
        )
    if knobs.GROUP_SIZE > _SAVEPOINTS:
        messages.append(
            Warning(
                f"GROUP_SIZE is {knobs.GROUP_SIZE}.",
                hint=f"Above {_SAVEPOINTS} savepoints in a transaction PostgreSQL slows down for everybody.",
                id="doplatform.W006",
            )
        )
    return messages


def database(**_: Any) -> list[CheckMessage]:
    """E009, E010: PostgreSQL, in its ordinary way of working."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    if wrapper.vendor != "postgresql":
        return [
            Error(
                f"The default database is {wrapper.display_name}.",
                hint="doplatform needs PostgreSQL 15 or newer: DATABASE_URL=postgresql://…",
                id="doplatform.E009",
            )
        ]
    messages: list[CheckMessage] = []
    level = wrapper.settings_dict["OPTIONS"].get("isolation_level")
    if not wrapper.settings_dict["AUTOCOMMIT"] or level not in {None, _read_committed()}:
        messages.append(
            Error(
                "The default database does not work in autocommit and READ COMMITTED.",
                hint="The engine's guarded updates count on both. Remove AUTOCOMMIT and isolation_level from DATABASES.",
                id="doplatform.E010",
            )
        )
    return messages


def broker(**_: Any) -> list[CheckMessage]:
    """E011, W007: wake-ups go where workers listen."""
    home = getattr(settings, "REDIS_URL", None)
    messages: list[CheckMessage] = []
    for name, options in getattr(settings, "RQ_QUEUES", {}).items():
        if options.get("URL", home) != home or home is None:
            messages.append(
                Error(
                    f"RQ_QUEUES[{name!r}] does not lead to REDIS_URL.",
                    hint="Workers listen on REDIS_URL; set it, and give every queue the same URL or none.",
                    id="doplatform.E011",
                )
            )
        ignored = [option for option in _IGNORED if option in options]
        if ignored:
            messages.append(
                Warning(
                    f"RQ_QUEUES[{name!r}] sets {', '.join(ignored)}, which doplatform does not read.",
                    hint="Say it in the URL. The serializer is always JSON.",
                    id="doplatform.W007",
                )
            )
    return messages


def pages(**_: Any) -> list[CheckMessage]:
    """W002, W003: django-rq's own pages, on which any staff user may delete, are not reachable."""
    messages: list[CheckMessage] = []
    if apps.is_installed("django_rq") and getattr(settings, "RQ_SHOW_ADMIN_LINK", True):
        messages.append(
            Warning(
                "RQ_SHOW_ADMIN_LINK is on: django-rq's pages stand in the admin.",
                hint="They let staff delete and requeue without permission, reason or audit. Set it to False.",
                id="doplatform.W002",
            )
        )
    if getattr(settings, "ROOT_URLCONF", None) and _includes_django_rq(get_resolver().url_patterns):
        messages.append(
            Warning(
                "The URLs include django-rq's pages.",
                hint="They let staff delete and requeue without permission, reason or audit. Remove the include.",
                id="doplatform.W003",
            )
        )
    return messages


def rule(**_: Any) -> list[CheckMessage]:
    """E021: ACCESS leads to a rule. Without one that can be asked nobody would be let in."""
    path = conf.get().ACCESS if sound() else ""
    if not path:
        return []
    try:
        found = narrowing.load(path)
    except Exception as error:  # noqa: BLE001  (whatever its module raises)
        fault = f"cannot be imported: {type(error).__name__}: {error}"
    else:
        asked = [getattr(found, name, None) for name in ("visible_actions", "may")]
        if any(asked) and all(one is None or callable(one) for one in asked):
            return []
        fault = "has neither visible_actions(user) nor may(user, verb, subject)"
    return [
        Error(
            f"DOPLATFORM['ACCESS'] {path[:100]!r} {fault[:300]}.",
            hint="Name a module or an object with one of them or both; docs/operations.md, Access.",
            id="doplatform.E021",
        )
    ]


def judge(**_: Any) -> list[CheckMessage]:
    """E022: REDACT leads to a function. Without one that can be asked every value would be hidden."""
    path = conf.get().REDACT if sound() else ""
    if not path:
        return []
    try:
        fault = "" if callable(import_string(path)) else "is no function"
    except Exception as error:  # noqa: BLE001  (whatever its module raises)
        fault = f"cannot be imported: {type(error).__name__}: {error}"
    if not fault:
        return []
    return [
        Error(
            f"DOPLATFORM['REDACT'] {path[:100]!r} {fault[:300]}.",
            hint="Name a function (path, value) -> bool; docs/operations.md, What is hidden.",
            id="doplatform.E022",
        )
    ]


def folders(**_: Any) -> list[CheckMessage]:
    """E023: the folders from which templates and static files come are there. One that is missing would be passed over."""
    named: list[tuple[str, str, Any]] = [
        *(("TEMPLATES", "TEMPLATE_DIRS", folder) for one in _templates() for folder in one.get("DIRS", ())),
        *(("STATICFILES_DIRS", "STATIC_DIRS", folder) for folder in settings.STATICFILES_DIRS),
    ]
    return [
        Error(
            f"{setting} names {str(path)[:200]!r}, which is no folder.",
            hint=f"Mount or make it, or take it out of {variable}.",
            id="doplatform.E023",
        )
        for setting, variable, folder in named
        # Static files may have a prefix beside their folder.
        if not Path(path := folder[1] if isinstance(folder, tuple | list) else folder).is_dir()
    ]


def _templates() -> Any:
    return settings.TEMPLATES


def _given() -> Any:
    return getattr(settings, "DOPLATFORM", {})


def _wrong() -> Iterator[CheckMessage]:
    given = _given()
    if not isinstance(given, dict):
        yield Error("DOPLATFORM is no dict.", hint="Write DOPLATFORM = {…}.", id="doplatform.E006")
        return
    for knob in fields(conf.Settings):
        if knob.name not in given:
            continue
        fault = _fault(knob.name, knob.type, given[knob.name])
        if fault:
            yield Error(
                f"DOPLATFORM[{knob.name!r}] {fault}.",
                hint=f"The default is {getattr(conf.Settings(), knob.name)!r}.",
                id="doplatform.E006",
            )


def _fault(name: str, kind: Any, value: Any) -> str:
    """What is wrong with a value, without showing it: it may be a key."""
    if kind is bool:
        return "" if isinstance(value, bool) else f"must be True or False, not {_short(value)}"
    if kind is float:
        right = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf
        return "" if right else f"must be a number above 0, not {_short(value)}"
    if kind is int:
        right = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return "" if right else f"must be a whole number above 0, not {_short(value)}"
    if kind is bool:
        return "" if isinstance(value, bool) else f"must be True or False, not {_short(value)}"
    if kind is str:
        if name == "PUBLIC_URL" and isinstance(value, str) and value and not _PLACE.fullmatch(value):
            return "must be an address such as https://actions.example.com/"
        return "" if isinstance(value, str) else f"must be text, not of type {type(value).__name__}"
    if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
        return "must be a list of texts"
    return _LISTS[name](value) if name in _LISTS else ""


def _key_fault(keys: Any) -> str:
    for number, key in enumerate(keys):
        try:
            Fernet(key)
        except ValueError:
            return f"has no Fernet key at place {number} (44 characters, made by Fernet.generate_key())"
    return ""


def _host_fault(hosts: Any) -> str:
    try:
        Rules.of(hosts)
    except ValueError as fault:
        return f"has an entry that is no host, host:port or network: {fault}"
    return ""


def _signing_fault(keys: Any) -> str:
    wrong = [number for number, key in enumerate(keys) if not is_secret(key)]
    return f"has no signing secret at place {wrong[0]} (whsec_ and 24 to 64 bytes in base 64)" if wrong else ""


def _scheme_fault(schemes: Any) -> str:
    strange = [scheme for scheme in schemes if scheme not in conf.SCHEMES]
    return f"has {_short(strange[0])}, which is none of {', '.join(conf.SCHEMES)}" if strange else ""


def _redacted_fault(keys: Any) -> str:
    try:
        Rule.of(keys)
    except ValueError as fault:
        return f"has an entry that hides nothing, or all: {fault}"
    return ""


_LISTS = {
    "REDACT_KEYS": _redacted_fault,
    "SECRET_KEYS": _key_fault,
    "OUTSIDE_ALLOWED_HOSTS": _host_fault,
    "CALLBACK_SECRETS": _signing_fault,
    "ALERT_SCHEMES": _scheme_fault,
}
"""Lists whose texts have a form of their own."""


def _short(value: Any) -> str:
    return repr(value)[:50]


def _read_committed() -> Any:
    from psycopg import IsolationLevel  # noqa: PLC0415  (a wrong engine may mean that there is no psycopg)

    return IsolationLevel.READ_COMMITTED


def _includes_django_rq(patterns: Any) -> bool:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            if pattern.app_name == "django_rq" or _includes_django_rq(pattern.url_patterns):
                return True
        elif isinstance(pattern, URLPattern) and str(pattern.callback.__module__).startswith("django_rq"):
            return True
    return False


CHECKS = (unknown, values, rhythm, database, broker, pages, rule, judge, folders)
