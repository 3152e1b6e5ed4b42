"""manage.py bulk: one verb on all that a search finds; and how far that is."""

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from actions.engine.bulk.abort import abort
from actions.engine.bulk.begin import MOST, Seen
from actions.engine.bulk.freeze import freeze, proceed
from actions.engine.wait import wait
from actions.errors import BulkOperationNotFound, InvalidInput
from actions.management import payload
from actions.management.face import DRY, Face, Refused, actor, add_dry_run, add_reason, given, undone
from actions.queries import bulk, search
from actions.queries.verdicts import FITS

_LOOK = 2.0
"""Seconds between two lines of progress."""
_SHOWN = 100
"""Items that were not done, of which it is said why."""


class Command(Face):
    """See engine.bulk. Done by workers, one by one; what began another attempt since it was counted is skipped."""

    help = (
        "Retry, run now, replay or cancel everything that a search finds, after a look at how many that is; list such "
        "operations, show one, abort one. Exit 1 unless all were done."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per verb or question."""
        words = [verb.replace("_", "-") for verb in FITS]
        asked = parser.add_subparsers(dest="asked", required=True, metavar="|".join([*words, "list", "show", "abort"]))
        verbs = [asked.add_parser(word, help=f"{word} all that a search finds") for word in words]
        for verb in verbs:
            self._add_verb(verb)
        many = asked.add_parser("list", help="the newest operations")
        one = asked.add_parser("show", help="one operation, and what was not done of it, and why")
        end = asked.add_parser("abort", help="do no more of it; what was done stays done")
        for verb in (one, end):
            verb.add_argument("operation", metavar="OPERATION", help="its id, as bulk list has it")
        add_reason(end)
        for parsed in (*verbs, many, one, end):
            parsed.add_argument("--json", action="store_true", help="print one JSON document")

    def _add_verb(self, verb: ArgumentParser) -> None:
        verb.add_argument("--q", required=True, metavar="SEARCH", help="which, such as 'state:failed action:send-*'")
        verb.add_argument("--per-second", type=float, metavar="N", help="at most so many a second")
        sure = verb.add_mutually_exclusive_group()
        sure.add_argument("--yes", action="store_true", help="do not ask for the number")
        sure.add_argument("--count", type=int, metavar="N", help="only if exactly so many are found")
        add_dry_run(verb)
        patience = verb.add_mutually_exclusive_group()
        patience.add_argument("--no-wait", action="store_true", help="exit when it has begun")
        patience.add_argument(
            "--wait", metavar="SECONDS", type=payload.seconds, help="exit 1 when it has not ended by then"
        )
        add_reason(verb)

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look, or do it."""
        asked = {"list": self._list, "show": self._show, "abort": self._abort}.get(options["asked"], self._all)
        return asked(options)

    def _all(self, options: dict[str, Any]) -> dict[str, Any]:
        verb, reason = options["asked"].replace("-", "_"), given(options["reason"])
        query = search.parse(options["q"])
        if not query.terms:
            # A script whose variable is empty must not mean everything.
            raise InvalidInput(
                "invalid_query", "Say which, such as state:failed; an empty search is everything.", path="q"
            )
        chosen, more = search.choose(query, MOST)
        if more:
            raise InvalidInput(
                "invalid_selection", f"More than {MOST:,} executions match. Narrow the search.", path="q"
            )
        if not chosen:
            self.say("Nothing matches; nothing was changed.")
            return {"id": None, "verb": verb, "query": str(query), "total": 0}
        with undone(options):
            kept = freeze(verb, [Seen(*one) for one in chosen], actor=actor(), query=str(query), everything=True)
            seen = bulk.preview(kept, actor().principal)
        self.done = _foreseen(seen)
        self._say_preview(seen)
        if options["dry_run"]:
            self.say(DRY)
            return {**self.done, "dry_run": True}
        self._confirm(seen.total, options)
        begun = proceed(kept, actor=actor(), reason=reason, per_second=options["per_second"])
        self.done["id"] = str(begun.id)
        self.say(f"{begun.id} has begun.")
        if options["no_wait"]:
            return self.done
        return self._judged(self._wait(begun.id, options["wait"]))

    def _say_preview(self, seen: bulk.Preview) -> None:
        self.say(f"{seen.verb.replace('_', ' ')}: {seen.total:,} match {seen.query}")
        for one in seen.standing:
            skipped = f": {one.skipped:,} would be skipped" if one.skipped else ""
            self.say(f"  {one.number:,} {one.status or 'gone'}{skipped}")
        for cause, number in seen.causes:
            self.say(f"  {number:,} {'is' if number == 1 else 'are'} skipped: {cause}")
        for shown in seen.sample[:5]:
            self.say(f"  {shown.public_id}  {shown.status:<9}  {shown.action}  {shown.cause[:80]}".replace("\n", "\\n"))
        if seen.total > len(seen.sample[:5]):
            self.say("  …")

    def _confirm(self, total: int, options: dict[str, Any]) -> None:
        """Raise InvalidInput unless somebody knows how many it is."""
        if options["yes"]:
            return
        said, where = options["count"], "--count"
        if said is None and sys.stdin.isatty():
            self.stderr.write(f"Type {total}, the number of executions, to go on: ", ending="")
            self.stderr.flush()
            typed = "".join(one for one in sys.stdin.readline() if one not in " ,.'_\n")
            said, where = (
                int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1,
                "what was typed",
            )
        if said is None:
            message = (
                f"{total:,} executions match. Say --yes, or --count {total}; --dry-run only looks. Nothing was changed."
            )
            raise InvalidInput("not_confirmed", message, path="count")
        if said != total:
            message = f"{total:,} executions match, which is not {where}. Nothing was changed."
            raise InvalidInput("not_confirmed", message, path="count")

    def _wait(self, id_: UUID, patience: float | None) -> bulk.Progress:
        """How it stands at its end, or after so many seconds; says on the way how far it is."""
        left = patience
        now = bulk.operation(id_)
        while now.stands in {"running", "aborting"} and (left is None or left > 0):
            assert now.operation.execution is not None  # it runs
            step = _LOOK if left is None else min(_LOOK, left)
            wait(now.operation.execution.public_id, step)
            left = None if left is None else left - step
            before, now = now.settled, bulk.operation(id_)
            if now.settled != before:
                self.say(f"  {now.settled:,} of {now.operation.total:,}")
        return now

    def _judged(self, now: bulk.Progress) -> dict[str, Any]:
        """The answer where all were done. Raises Refused otherwise."""
        answer = {**self.done, **_standing(now)}
        self.say(_line(now))
        undone = [] if now.counts["done"] == now.operation.total else self._undone(now)
        if not undone and now.stands == "done":
            return answer
        if self.as_json:
            self.print_json({**answer, "items": undone})
        if now.stands in {"running", "aborting"}:
            raise Refused(f"still_running: {now.operation.pk} has not ended; it goes on. See manage.py bulk show.")
        left = now.operation.total - now.counts["done"]
        raise Refused(f"not_all_done: {left:,} of {now.operation.total:,} were not done.")

    def _undone(self, now: bulk.Progress) -> list[dict[str, Any]]:
        """Some items that were skipped or have failed, with why."""
        found = [
            {"id": item.public_id, "outcome": item.outcome, "code": item.code, "message": item.message}
            for outcome in ("failed", "skipped")
            for item in bulk.items(now.operation.pk, outcome=outcome, size=_SHOWN)[0]
        ][:_SHOWN]
        for item in found:
            self.say(f"  {item['id']}  {item['outcome']}  {item['code']}: {item['message']}".replace("\n", "\\n"))
        return found

    def _list(self, _: dict[str, Any]) -> dict[str, Any]:
        found, _more = bulk.operations()
        for one in found:
            self.say(_line(one))
        if not found:
            self.say("There is none.")
        return {"operations": [_standing(one) for one in found]}

    def _show(self, options: dict[str, Any]) -> dict[str, Any]:
        now = bulk.operation(_named(options["operation"]))
        self.say(_line(now))
        return {**_standing(now), "items": self._undone(now)}

    def _abort(self, options: dict[str, Any]) -> dict[str, Any]:
        id_ = _named(options["operation"])
        changed = abort(id_, actor=actor(), reason=given(options["reason"]))
        self.say("It ends before its next item." if changed else "It had ended before; nothing was changed.")
        return {"id": str(id_), "changed": changed}


def _named(text: str) -> UUID:
    """The id that was given. Raises BulkOperationNotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise BulkOperationNotFound from None


def _foreseen(seen: bulk.Preview) -> dict[str, Any]:
    return {
        "id": None,
        "verb": seen.verb,
        "query": seen.query,
        "total": seen.total,
        "able": seen.able,
        "standing": [{"status": one.status or None, "number": one.number, "able": one.able} for one in seen.standing],
        "causes": [{"cause": cause, "number": number} for cause, number in seen.causes],
        "sample": [one.public_id for one in seen.sample],
    }


def _standing(now: bulk.Progress) -> dict[str, Any]:
    row = now.operation
    return {
        "id": str(row.pk),
        "verb": row.verb,
        "query": row.query,
        "total": row.total,
        "state": now.stands,
        **now.counts,
        "by": row.actor_label,
        "reason": row.reason,
        "execution": row.execution.public_id if row.execution else None,
    }


def _line(now: bulk.Progress) -> str:
    counted = ", ".join(f"{number:,} {word}" for word, number in now.counts.items() if number)
    row = now.operation
    return f"{row.pk}  {row.verb}  {now.stands}  {counted} of {row.total:,}  {row.query}".replace("\n", "\\n")
