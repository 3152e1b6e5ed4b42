"""manage.py failures: what fails alike, and what people say about it."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from actions.engine.operate.triage import ignore_group, reopen_group, resolve_group
from actions.errors import InvalidInput, storable
from actions.management import payload
from actions.management.face import Each, actor, add_dry_run, add_reason
from actions.queries import failures

_LONGEST_MESSAGE = 100


class Command(Each):
    """See queries.failures and engine.operate.triage."""

    help = "List groups of failures, those that failed last first; show one; resolve, ignore and reopen them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per question or verb."""
        asked = parser.add_subparsers(dest="asked", required=True, metavar="list|show|resolve|ignore|reopen")
        many = asked.add_parser("list", help="groups of failures, those that failed last first")
        many.add_argument("--state", default="open", choices=[*failures.STATES, "all"], help="default open")
        many.add_argument("--action", default="", metavar="NAME")
        many.add_argument("--limit", type=int, default=20, help="at most this many (default 20)")
        one = asked.add_parser("show", help="one group")
        one.add_argument("group", metavar="GROUP")
        verbs = [
            asked.add_parser("resolve", help="the cause is gone: out of the list until it fails again"),
            asked.add_parser("ignore", help="out of the list, however often it fails"),
            asked.add_parser("reopen", help="it needs somebody after all"),
        ]
        times = verbs[1].add_mutually_exclusive_group()
        times.add_argument("--until", metavar="TIME", help="ISO 8601 with a zone; without it, for good")
        times.add_argument("--for", metavar="SPAN", dest="span", type=payload.span, help="such as 15m, 4h or 2d")
        for verb in verbs:
            verb.add_argument("ids", nargs="+", metavar="GROUP", help="32 digits, as manage.py failures list has them")
            add_reason(verb)
            add_dry_run(verb)
        for parsed in (many, one, *verbs):
            parsed.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look, or say it of each."""
        if options["asked"] == "list":
            return self._list(options)
        if options["asked"] == "show":
            return self._show(failures.group(options["group"]))
        if options["asked"] == "ignore":
            options["until"] = _until(options)
        return super().act(options)

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Say it of one."""
        verb, until, group = options["asked"], options.get("until"), storable(id_)
        if verb == "ignore":
            changed = ignore_group(group, until=until, actor=actor(), reason=reason)
            stands = f"ignored until {until:%Y-%m-%d %H:%M} UTC" if until else "ignored for good"
        else:
            changed = {"resolve": resolve_group, "reopen": reopen_group}[verb](group, actor=actor(), reason=reason)
            stands = {"resolve": "resolved", "reopen": "open"}[verb]
        answer = {"state": stands.split()[0], "changed": changed}
        if until is not None:
            answer["until"] = until.isoformat()
        return answer, f"{stands}{'' if changed else ', as it was'}."

    def _list(self, options: dict[str, Any]) -> dict[str, Any]:
        if not 1 <= options["limit"] <= failures.LISTED:
            raise InvalidInput("invalid_limit", f"limit lies between 1 and {failures.LISTED:,}.", path="limit")
        stands = None if options["state"] == "all" else options["state"]
        found = failures.groups(stands=stands, action=storable(options["action"]) or None, size=options["limit"])
        for group in found.groups:
            self.say(_line(group))
        if not found.groups:
            self.say("There is none.")
        return {"groups": [failures.as_json(group) for group in found.groups], "more": found.next is not None}

    def _show(self, group: failures.Group) -> dict[str, Any]:
        self.say(_line(group))
        self.say(_flat(f"{group.error_class} at {group.place or 'no known place'}: {group.message}"))
        self.say(f"first seen {_clock(group.first_seen_at)}, last {_clock(group.last_seen_at)}")
        if group.state_at is not None:
            until = f" until {_clock(group.ignored_until)}" if group.ignored_until else ""
            self.say(_flat(f"{group.stands}{until}: {group.state_by} at {_clock(group.state_at)}: {group.note}"))
        self.say(f"manage.py executions list --q group:{group.fingerprint}")
        return failures.as_json(group)


def _until(options: dict[str, Any]) -> datetime | None:
    """Until when it is ignored; None for good. Raises InvalidInput for a time that has passed, or without a zone."""
    said = payload.until(options)
    if said is not None and said.tzinfo is not None and said <= datetime.now(UTC):
        raise InvalidInput("invalid_until", "That time has passed; give one that is still to come.", path="until")
    return said


def _line(group: failures.Group) -> str:
    more = "+" if group.more else ""
    stands = "came back" if group.regressed else group.stands
    return _flat(
        f"{group.fingerprint}  {stands:<9}  {_clock(group.last_seen_at)}  {group.count} tries, {group.failed}{more} failed now  "
        f"{group.action}  {group.error_class.rpartition('.')[2] or group.code}: {group.message[:_LONGEST_MESSAGE]}"
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"


def _flat(text: str) -> str:
    return text.replace("\n", "\\n")
