"""manage.py schedule: schedules made, changed, paused, resumed, run beside their times, and removed."""

from argparse import ArgumentParser
from typing import Any

from actions.engine.schedules.change import change
from actions.engine.schedules.make import make
from actions.engine.schedules.pause import pause, resume
from actions.engine.schedules.remove import remove
from actions.engine.schedules.run_now import run_now
from actions.engine.schedules.wanted import Wanted
from actions.management import payload
from actions.management.face import Face, actor, add_dry_run, add_reason, given
from actions.queries import schedules
from actions.states import CatchUp

_WHICH = "its number, or ACTION/NAME"


class Command(Face):
    """See engine.schedules."""

    help = (
        "Make, change, pause, resume, run now and remove schedules. What the code declares is paused and run here only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One sub-command per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="make|change|pause|resume|run-now|remove")
        new = verbs.add_parser("make", help="let an action be asked for by the clock")
        new.add_argument("action", metavar="ACTION")
        other = verbs.add_parser("change", help="let it come at other times, or with other params")
        for verb in (new, other):
            needed = verb is new
            verb.add_argument("--name", required=needed, help="what it is called beside the action")
            verb.add_argument("--cron", required=needed, metavar="'M H D M W'", help="when, such as '0 3 * * *'")
            verb.add_argument("--timezone", default="UTC" if needed else None, metavar="ZONE", help="default UTC")
            verb.add_argument("--catch-up", choices=list(CatchUp), default=CatchUp.ONE if needed else None)
            sources = verb.add_mutually_exclusive_group()
            sources.add_argument("--params", metavar="JSON", help="a JSON object")
            sources.add_argument("--params-file", metavar="FILE", help="a file with the params; - is standard input")
        pausing = verbs.add_parser("pause", help="let its times pass")
        payload.add_until(pausing)
        rest = [
            pausing,
            verbs.add_parser("resume", help="let it go on with its next time"),
            verbs.add_parser("run-now", help="one execution at once, beside its times"),
            verbs.add_parser("remove", help="it comes no more"),
        ]
        for verb in (other, *rest):
            verb.add_argument("schedule", metavar="SCHEDULE", help=_WHICH)
        for verb in (new, other, *rest):
            add_reason(verb)
            add_dry_run(verb)
            verb.add_argument("--json", action="store_true", help="print one JSON document")

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Do it."""
        reason = given(options["reason"])
        return self.tried(options, lambda: self._acted(options, reason))

    def _acted(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        if options["verb"] == "make":
            return self._make(options, reason)
        id_ = schedules.named(options["schedule"])
        verb: dict[str, Any] = {
            "change": self._change,
            "pause": self._pause,
            "resume": self._resume,
            "run-now": self._run_now,
            "remove": self._remove,
        }
        answer: dict[str, Any] = verb[options["verb"]](id_, options, reason)
        return answer

    def _make(self, options: dict[str, Any], reason: str) -> dict[str, Any]:
        made = make(options["action"], _wanted(options, {}), actor=actor(), reason=reason)
        answer = self._made(made, new=True, number=not options["dry_run"])
        return {**answer, "id": None} if options["dry_run"] else answer

    def _made(self, id_: int, *, new: bool, number: bool = True) -> dict[str, Any]:
        shown = schedules.find(id_)
        self.say(f"{f'{shown.row.pk}  ' if number else ''}{shown.row}: {shown.says}, {shown.row.timezone}")
        for moment in schedules.times(shown.row):
            self.say(f"  next  {moment.said}  ({moment.utc} UTC)")
        return {**schedules.as_json(shown), "changed": new}

    def _change(self, id_: int, options: dict[str, Any], reason: str) -> dict[str, Any]:
        row = schedules.find(id_).row
        known = {name: getattr(row, name) for name in ("name", "cron", "timezone", "catch_up", "params")}
        changed = change(id_, _wanted(options, known), actor=actor(), reason=reason)
        if not changed:
            self.say("It was so before; nothing was changed.")
        return self._made(id_, new=changed)

    def _pause(self, id_: int, options: dict[str, Any], reason: str) -> dict[str, Any]:
        until = payload.until(options)
        changed = pause(id_, actor=actor(), reason=reason, until=until)
        answer: dict[str, Any] = {"id": id_, "paused": True, "changed": changed}
        if not changed:
            self.say("It was paused before.")
        elif until is None:
            self.say("Paused: its times pass, and nothing starts.")
        else:
            self.say(f"Paused until {until:%Y-%m-%d %H:%M:%S %Z}: its times pass, and nothing starts.")
            answer["until"] = until.isoformat()
        return answer

    def _resume(self, id_: int, _options: dict[str, Any], reason: str) -> dict[str, Any]:
        changed = resume(id_, actor=actor(), reason=reason)
        self.say("Resumed: it goes on with its next time." if changed else "It was not paused.")
        return {"id": id_, "paused": False, "changed": changed}

    def _run_now(self, id_: int, options: dict[str, Any], reason: str) -> dict[str, Any]:
        accepted = run_now(id_, actor=actor(), reason=reason)
        if options["dry_run"]:
            self.say("One execution accepted.")
            return {"id": id_, "execution": None}
        self.say(f"{accepted.id} accepted")
        return {"id": id_, "execution": accepted.id}

    def _remove(self, id_: int, _options: dict[str, Any], reason: str) -> dict[str, Any]:
        name = remove(id_, actor=actor(), reason=reason)
        self.say(f"{name} is removed; what it has started stays.")
        return {"id": id_, "removed": True}


def _wanted(options: dict[str, Any], known: dict[str, Any]) -> Wanted:
    """What the command line says, and for the rest what is `known`."""
    said = {name: options[name] for name in ("name", "cron", "timezone", "catch_up") if options[name] is not None}
    params = payload.params(options)
    return Wanted(**{**known, **said, **({} if params is None else {"params": params})})
