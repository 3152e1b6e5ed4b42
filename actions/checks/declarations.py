"""Checks of what the code declares."""

import string
import warnings
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  (Django's word)
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import PydanticJsonSchemaWarning

from actions import conf
from actions.checks.settings import sound
from actions.definitions.registry import registry
from actions.definitions.remote import RemoteAction
from actions.outside import address, rules


def names(**_: Any) -> list[CheckMessage]:
    """E001: an action's name belongs to one declaration."""
    return [
        Error(
            f"Two actions are called {second.name}: {first.place if first else '?'} and {second.place}.",
            hint='The second is not used. Give one of them another name: @action("…").',
            obj=second,
            id="doplatform.E001",
        )
        for second in registry.duplicates
        for first in [registry.get(second.name)]
    ]


def modules(**_: Any) -> list[CheckMessage]:
    """E002: every app's actions.py can be imported."""
    return [
        Error(
            f"{fault.module} cannot be imported: {type(fault.error).__name__}: {fault.error}",
            hint=f"Look at {fault.place}. The actions that it would declare below that are missing.",
            id="doplatform.E002",
        )
        for fault in registry.faults
    ]


def schemas(**_: Any) -> list[CheckMessage]:
    """E003, W001: params and result can be described as JSON."""
    return [message for action in registry for message in _schema_faults(action)]


def queues(**_: Any) -> list[CheckMessage]:
    """E004: an action's queue is one of RQ_QUEUES."""
    known = getattr(settings, "RQ_QUEUES", {})
    return [
        Error(
            f"{action.name} goes to the queue {action.queue!r}, which RQ_QUEUES does not have.",
            hint=f"Add it to RQ_QUEUES (QUEUES in the environment), or correct the declaration in {action.place}. "
            f"Known queues: {', '.join(known) or 'none'}.",
            obj=action,
            id="doplatform.E004",
        )
        for action in registry
        if action.queue not in known
    ]


def timeouts(**_: Any) -> list[CheckMessage]:
    """E008: a handler that shares its transaction with its record ends in reasonable time."""
    if not sound():
        return []
    longest = conf.get().LONGEST_TIMEOUT
    return [
        Error(
            f"{action.name} may take {action.timeout or conf.get().DEFAULT_TIMEOUT:g} s inside one transaction; "
            f"{longest:g} s is the most.",
            hint="A transaction that long holds locks and keeps PostgreSQL from cleaning up. Split the work, declare "
            "atomic=False, or raise LONGEST_TIMEOUT in DOPLATFORM.",
            obj=action,
            id="doplatform.E008",
        )
        for action in registry
        if action.atomic and (action.timeout or conf.get().DEFAULT_TIMEOUT) > longest
    ]


def disabled(**_: Any) -> list[CheckMessage]:
    """W004: what ACTIONS_DISABLED names exists."""
    if not sound():
        return []
    return [
        Warning(
            f"ACTIONS_DISABLED names {name!r}, which no code declares.",
            hint="Correct the name, or remove it.",
            id="doplatform.W004",
        )
        for name in conf.get().ACTIONS_DISABLED
        if registry.get(name) is None
    ]


def endpoints(**_: Any) -> list[CheckMessage]:
    """E020, W020: remote actions call what may be called, and have their settings."""
    if not sound():
        return []
    messages: list[CheckMessage] = []
    for action in (action for action in registry if isinstance(action, RemoteAction)):
        try:
            address.judge(action.endpoint.target, rules.current())
        except address.NotAllowed as fault:
            messages.append(
                Error(
                    f"{action.name} calls an address that may not be called (url_not_allowed): {fault}.",
                    hint="Correct the url, or allow it by OUTSIDE_ALLOWED_HOSTS and OUTSIDE_ALLOW_HTTP in DOPLATFORM.",
                    obj=action,
                    id="doplatform.E020",
                )
            )
        messages.extend(
            Warning(
                f"{action.name} needs {name}, which is neither a setting nor in the environment.",
                hint="Set it for the workers; without it the action gives up.",
                obj=action,
                id="doplatform.W020",
            )
            for name in (*action.endpoint.secrets, *_named_in(action.endpoint.headers))
            if not rules.has(name)
        )
    return messages


def _named_in(headers: dict[str, str]) -> list[str]:
    return [name for text in headers.values() for name in string.Template(text).get_identifiers()]


def secrets(**_: Any) -> list[CheckMessage]:
    """W005: secret params have keys of their own."""
    if not sound() or conf.get().SECRET_KEYS:
        return []
    secretive = [action.name for action in registry if action.params.secret]
    if not secretive:
        return []
    return [
        Warning(
            f"Secret params ({', '.join(secretive)}) are encrypted with a key made from SECRET_KEY.",
            hint="Once SECRET_KEY changes they cannot be read. Set SECRET_KEYS in DOPLATFORM (SECRET_FIELD_KEYS in the "
            "environment) to a key made by cryptography.fernet.Fernet.generate_key().",
            id="doplatform.W005",
        )
    ]


def _schema_faults(action: Any) -> Iterator[CheckMessage]:
    for kind, schema in (("params", action.params), ("result", action.result)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", PydanticJsonSchemaWarning)
                schema.make_json_schema()
        except (PydanticInvalidForJsonSchema, PydanticUserError) as error:
            yield Error(
                f"The {kind} of {action.name} have no JSON schema: {str(error).splitlines()[0]}",
                hint=f"Use types that JSON can carry in {action.place}.",
                obj=action,
                id="doplatform.E003",
            )
        except PydanticJsonSchemaWarning as warning:
            yield Warning(
                f"The schema of {action.name}'s {kind} is incomplete: {str(warning).splitlines()[0]}",
                hint=f"Use defaults that JSON can carry in {action.place}.",
                obj=action,
                id="doplatform.W001",
            )


CHECKS = (names, modules, schemas, queues, timeouts, disabled, endpoints)
DEPLOYMENT_CHECKS = (secrets,)
