"""manage.py executions: what there is, and everything about one."""

import json
from argparse import ArgumentParser
from typing import Any

from actions.engine.operate.view_payload import view_payload
from actions.errors import InvalidInput
from actions.management import tree
from actions.management.face import Face, actor, shown
from actions.queries import detail, listing, search
from actions.states import Status

_LONGEST_ERROR = 100
_NARROWS = ("action", "queue", "kind")
"""Options that are also fields of the search."""


class Command(Face):
    """Reads only, but for the entry of who has seen what is hidden."""

    help = "List executions, newest first, or show one with its steps, attempts, error and audit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per question."""
        questions = parser.add_subparsers(dest="question", required=True, metavar="list|show")
        many = questions.add_parser("list", help="executions, newest first")
        many.add_argument("--status", action="append", default=[], choices=list(Status), metavar="STATUS")
        many.add_argument("--action", default="", metavar="NAME")
        many.add_argument("--queue", default="", metavar="NAME")
        kinds = "top (what belongs to no workflow), workflow or step"
        many.add_argument("--kind", default="", choices=listing.KINDS, metavar="KIND", help=kinds)
        many.add_argument("--workflow", default="", metavar="ID", help="the steps of this workflow")
        many.add_argument("--before", default="", metavar="ID", help="only older ones than this: the next page")
        search_help = (
            "a search, such as 'state:failed error:timeout' or --q=-state:failed; what else is said narrows it"
        )
        many.add_argument("--q", metavar="SEARCH", help=search_help)
        many.add_argument("--cursor", default="", help="of --q: where the page before has ended")
        many.add_argument("--limit", type=int, default=20, help="at most this many (default 20)")
        one = questions.add_parser("show", help="one execution with attempts, error and audit")
        one.add_argument("id", metavar="ID")
        one.add_argument("--reveal", action="store_true", help="with what is dotted; that is audited")
        for question in (many, one):
            question.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Look."""
        if options["question"] == "show":
            if options["reveal"]:
                view_payload(options["id"], actor=actor())
            execution = detail.execution(options["id"], whole=options["reveal"])
            self._show(execution)
            return execution
        if options["q"] is not None:
            return self._search(options)
        if options["cursor"]:
            raise InvalidInput("invalid_cursor", "A cursor is of a search: say --q as well.", path="cursor")
        found = listing.executions(
            statuses=options["status"],
            action=options["action"],
            queue=options["queue"],
            kind=options["kind"],
            workflow=options["workflow"],
            before=options["before"],
            limit=options["limit"],
        )
        for execution in found:
            self.say(_line(execution))
        return {"executions": found}

    def _search(self, options: dict[str, Any]) -> dict[str, Any]:
        """What --q finds. Raises InvalidInput."""
        limit = options["limit"]
        if not 1 <= limit <= listing.LARGEST_PAGE:
            raise InvalidInput("invalid_limit", f"limit lies between 1 and {listing.LARGEST_PAGE:,}, not {limit}.")
        if options["before"] or options["workflow"]:
            raise InvalidInput("invalid_query", "In a search, parent:ID is a workflow's steps, --cursor the next page.")
        query = search.parse(options["q"])
        for field, said in (("state", options["status"]), *((name, [options[name]]) for name in _NARROWS)):
            if any(said):
                query = query.having(field, *said)
        found: list[dict[str, Any]] = []
        notes: tuple[str, ...] = ()
        cursor: str | None = options["cursor"]
        while cursor is not None and len(found) < limit:
            page = search.page(query, cursor=cursor, limit=min(search.LARGEST_PAGE, limit - len(found)))
            found += [row.as_dict() for row in page.rows]
            cursor, notes = page.next, page.sentences
            if page.limited:
                break
        for execution in found:
            self.say(_line(execution))
        for note in notes:
            self.say(f"({_flat(note)})")
        if cursor is not None:
            self.say(f"(There are more: --cursor {cursor})")
        return {"executions": found, "next": cursor, "notes": list(notes)}

    def _show(self, execution: dict[str, Any]) -> None:
        for name in ("id", "action", "queue", "status"):
            self._field(name, execution[name])
        if execution["place"]:
            self._place(execution["place"])
        self._field("asked by", f"{execution['actor']['label']} at {execution['created_at']}")
        self._field("due", execution["available_at"])
        for reason in execution["waits_for"]:
            self._field("waits", reason["message"])
        for name in ("finished_at", "idempotency_key", "replay_of", "cancel_requested_at"):
            if execution[name]:
                self._field(name.replace("_", " "), execution[name])
        if execution["replays"]:
            self._field("replays", ", ".join(execution["replays"]))
        for name in ("params", "result"):
            self._field(name, json.dumps(execution[name], ensure_ascii=False))
        self._error(execution["error"])
        if execution["not_retryable_because"]:
            self._field("no retry", execution["not_retryable_because"])
        for line in tree.lines(execution["workflow"]) if execution["workflow"] else ():
            self.say(_flat(line))
        for attempt in execution["attempts"]:
            self._attempt(attempt)
        self.say("audit")
        for entry in execution["audit"]:
            why = f": {entry['reason']}" if entry["reason"] else ""
            self.say(_flat(f"  {entry['at']}  {entry['verb']}  {entry['actor']['label']}{why}"))

    def _place(self, place: dict[str, Any]) -> None:
        self._field("workflow", f"{place['workflow']} {place['action'] or ''}")
        marks = [mark for mark in ("optional", "detached", "consumed") if place[mark]]
        self._field("step", place["step"] + (f" [{', '.join(marks)}]" if marks else ""))
        if place["prerequisites"]:
            self._field("after", ", ".join(f"{one['step']} ({one['status']})" for one in place["prerequisites"]))

    def _attempt(self, attempt: dict[str, Any]) -> None:
        worker = attempt["worker"]
        took = "" if attempt["duration"] is None else f" after {attempt['duration']:.3f} s"
        self.say(
            f"attempt {attempt['number']}: {attempt['outcome'] or 'running'}{took}, started {attempt['started_at']} "
            f"on {worker['host']}:{worker['pid']}"
        )
        if attempt["error"]:
            self.say(_flat(f"  {attempt['error'].get('class', '')}: {attempt['error'].get('message', '')}"))
        for line in attempt["lines"]:
            self.say(_flat(f"  | {line.get('text', '')}"))

    def _error(self, error: dict[str, Any] | None) -> None:
        if error:
            self._field("error", f"{error.get('code')} ({error.get('class')}): {error.get('message')}")
            for line in str(error.get("traceback", "")).splitlines():
                self.say(f"  {line}")

    def _field(self, name: str, value: object) -> None:
        self.say(_flat(f"{name:<16} {value}"))


def _line(execution: dict[str, Any]) -> str:
    error = execution["error"]
    why = "" if not error else f"  {error['message']}"[: _LONGEST_ERROR + 2]
    step = f"  (step {execution['step']} of {execution['workflow']})" if execution["workflow"] else ""
    return _flat(
        f"{execution['id']}  {execution['status']:<9}  {execution['created_at'][:19]}Z  {execution['action']}{step}{why}"
    )


def _flat(text: str) -> str:
    """One line, whatever the text holds."""
    return shown(text).replace("\n", "\\n")
