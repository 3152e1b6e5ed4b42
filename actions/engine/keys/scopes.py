"""Scopes: what an API key may do, as texts. What no scope names is refused.

action:<name>:<verb>    the verb on one action, and on its executions
action:<start>*:<verb>  on every action whose name starts so; action:*:<verb> on all
queue:<name>:pause      pause and resume one queue; queue:*:pause all
audit:read, audit:export
"""

import re
from collections.abc import Iterable

from actions.errors import InvalidInput, Problem

ACTION_VERBS = (
    "read", "trigger", "retry", "run_now", "replay", "cancel", "force_stop", "resolve", "emit", "pause",
    "view_payload",
)  # fmt: skip
AUDIT = {"view_audit": "audit:read", "export_audit": "audit:export"}
"""The scopes of the verbs that are about no action."""
MOST = 100
LONGEST = 150
_NAME = r"(?:[a-z][a-z0-9._-]{0,99}\*?|\*)"
_ACTION = re.compile(rf"action:({_NAME}):([a-z_]+)")
_QUEUE = re.compile(r"queue:([A-Za-z0-9._-]{1,100}|\*):pause")


def parse(texts: Iterable[str]) -> tuple[str, ...]:
    """The scopes, each once, in their order. Raises InvalidInput with every fault, `invalid_scope`."""
    scopes = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    problems = [
        Problem("invalid_scope", f"scopes[{index}]", fault)
        for index, scope in enumerate(scopes)
        if (fault := _fault(scope))
    ]
    if not scopes:
        problems.append(Problem("invalid_scope", "scopes", "A key without a scope could do nothing; give it one."))
    if len(scopes) > MOST:
        problems.append(Problem("invalid_scope", "scopes", f"A key has at most {MOST} scopes."))
    if problems:
        raise InvalidInput("invalid_scope", " ".join(problem.message for problem in problems[:3]), problems=problems)
    return scopes


def needed(verb: str, action: str = "", queue: str = "") -> str:
    """The scope that a verb asks for; empty for what no key may do."""
    if verb in AUDIT:
        return AUDIT[verb]
    if queue:
        return f"queue:{queue}:pause" if verb == "pause" else ""
    return f"action:{action}:{verb}" if action and verb in ACTION_VERBS else ""


def allow(scopes: Iterable[str], verb: str, action: str = "", queue: str = "") -> bool:
    """Whether one of the scopes grants the verb, on this action or on this queue."""
    return granted(scopes, needed(verb, action, queue))


def granted(scopes: Iterable[str], wanted: str) -> bool:
    """Whether one of the scopes covers another one, such as `needed` names."""
    return bool(wanted) and any(_grants(scope, wanted) for scope in scopes)


def patterns(scopes: Iterable[str], verb: str) -> tuple[str, ...]:
    """Which actions the verb is granted on: names, and starts of names with a star behind."""
    found = (_ACTION.fullmatch(scope) for scope in scopes)
    return tuple(one[1] for one in found if one and one[2] == verb)


def permission(scope: str) -> str:
    """The permission that a person needs for what the scope grants."""
    kind, _, rest = scope.partition(":")
    verb = rest.rpartition(":")[2]
    if kind == "audit":
        return "view_audit" if verb == "read" else "export_audit"
    return "view_execution" if verb == "read" else verb


def _grants(scope: str, wanted: str) -> bool:
    if scope == wanted:
        return True
    kind, _, rest = scope.partition(":")
    name, _, verb = rest.rpartition(":")
    wanted_kind, _, wanted_rest = wanted.partition(":")
    wanted_name, _, wanted_verb = wanted_rest.rpartition(":")
    same = (kind, verb) == (wanted_kind, wanted_verb)
    return same and name.endswith("*") and wanted_name.startswith(name[:-1])


def _fault(scope: str) -> str:
    found = _ACTION.fullmatch(scope)
    if len(scope) <= LONGEST and (
        (found and found[2] in ACTION_VERBS) or _QUEUE.fullmatch(scope) or scope in AUDIT.values()
    ):
        return ""
    if found:
        return f"There is no verb {found[2][:40]!r}; there are {', '.join(ACTION_VERBS)}."
    return (
        f"{scope[:60]!r} is no scope: write action:<name or start*>:<verb>, queue:<name or *>:pause, audit:read or "
        "audit:export."
    )
