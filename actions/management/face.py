"""What the commands have in common: who asks, how they speak, and how they refuse.

Exit code 0: done. 1: refused or failed, with the error's code and sentence on stderr. 2: the command line itself is
wrong. With --json, stdout has one JSON document in every case but the last.
"""

import json
import os
import pwd
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from actions.definitions.actor import Actor
from actions.errors import (
    DatabaseUnavailable,
    DoplatformError,
    ExecutionFailed,
    InvalidInput,
    NotMigrated,
    ReasonRequired,
    storable,
)
from actions.errors import Refused as StateRefused

_OTHER_SCHEMA = {"42P01", "42703"}
"""SQLSTATEs of a table and of a column that is not there."""
DRY = "Dry run: nothing was changed."


class Refused(CommandError):
    """A command that was refused or has failed; its text is `code: sentence`."""


class Face(BaseCommand):
    """A command that speaks for a verb. Subclasses write `act`, and return what `--json` prints."""

    # Somebody else's wrong setting must not keep an operator from acting; `doctor` and `check` report it.
    requires_system_checks = ()
    asks_reason = False
    rehearses = False
    """Whether it takes --dry-run; `act` then does it inside of `undone`, and ends with `told`."""
    done: dict[str, Any]
    """What JSON says beside an error that came after a part was done."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of every face, then the command's own."""
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        if self.asks_reason:
            add_reason(parser)
        if self.rehearses:
            add_dry_run(parser)
        self.add_own(parser)

    def add_own(self, parser: ArgumentParser) -> None:
        """The command's own options."""

    def act(self, options: dict[str, Any]) -> Any:
        """Do it; what is returned is printed as JSON when that was asked for."""
        raise NotImplementedError

    def handle(self, *_: Any, **options: Any) -> None:
        """Act, and turn every refusal into an exit code with a sentence."""
        self.as_json: bool = options["json"]
        self.done: dict[str, Any] = {}
        try:
            answer = self.act(options)
            if self.as_json:
                self.print_json(answer)
            self.stdout.flush()
        except (DoplatformError, DatabaseError, InterfaceError) as error:
            self._refuse(foreseen(error))
        except BrokenPipeError:
            # `| head` has read enough. What Python still wants to flush at its end goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except KeyboardInterrupt:
            raise SystemExit(130) from None

    def say(self, line: str = "") -> None:
        """A line for people; silent where JSON was asked for."""
        if not self.as_json:
            self.stdout.write(shown(line))

    def told(self, options: dict[str, Any], answer: dict[str, Any], sentence: str) -> dict[str, Any]:
        """Say what was done, or would have been; the answer of `act`."""
        if not options["dry_run"]:
            self.say(sentence)
            return answer
        self.say(f"{sentence} {DRY}")
        return {**answer, "dry_run": True}

    def tried(self, options: dict[str, Any], act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `act` says and answers; with --dry-run it is undone, and that is said behind it."""
        with undone(options):
            answer = act()
        if not options["dry_run"]:
            return answer
        self.say(DRY)
        return {**answer, "dry_run": True}

    def print_json(self, answer: Any) -> None:
        """The one document of --json, in ASCII, so that no terminal and no locale can spoil it."""
        self.stdout.write(json.dumps(answer, indent=2))

    def _refuse(self, error: DoplatformError) -> NoReturn:
        if self.as_json:
            self.print_json({**self.done, "error": as_json(error)})
        raise Refused(f"{error.code}: {shown(error.message)}")


class Each(Face):
    """A verb on several executions, each on its own: one that is refused does not stop the others."""

    asks_reason = True
    id_help = "public ids, exec_ and 26 characters"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The ids, and the options of every face."""
        parser.add_argument("ids", nargs="+", metavar="ID", help=self.id_help)
        add_dry_run(parser)
        super().add_arguments(parser)

    def act(self, options: dict[str, Any]) -> dict[str, Any]:
        """Ask for each id once, in their order."""
        reason = given(options["reason"])
        ids = list(dict.fromkeys(options["ids"]))
        act = self._try if options["dry_run"] else self.act_on
        return {"results": self.each(ids, lambda id_: act(id_, reason, options))}

    def act_on(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Do it to one; returns what JSON says beside its id, and the sentence for people."""
        raise NotImplementedError

    def _try(self, id_: str, reason: str, options: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Do it to one, and undo that: what it would say, or be refused for."""
        with undone(options):
            changed, sentence = self.act_on(id_, reason, options)
        return {**changed, "dry_run": True}, f"{sentence} {DRY}"

    def each(self, ids: Iterable[str], act: Callable[[str], tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
        """The result of `act` for every id. Raises Refused at the end, when any was."""
        results, refusals = [], []
        for id_ in ids:
            try:
                changed, sentence = act(id_)
            except (DoplatformError, DatabaseError, InterfaceError) as error:
                refusal = foreseen(error)
                refusals.append(refusal)
                results.append({"id": id_, "ok": False, "error": as_json(refusal)})
            else:
                results.append({"id": id_, "ok": True, **changed})
                self.say(f"{id_}: {sentence}")
        if refusals:
            self._report(results, refusals)
        return results

    def _report(self, results: list[dict[str, Any]], refusals: list[DoplatformError]) -> NoReturn:
        if self.as_json:
            self.print_json({"results": results})
        lines = [f"{refusal.code}: {shown(refusal.message)}" for refusal in refusals]
        if len(results) > 1:
            lines.append(f"{len(refusals)} of {len(results)} were refused.")
        raise Refused("\n".join(lines))


@contextmanager
def undone(options: dict[str, Any]) -> Iterator[None]:
    """What is done in it is undone at the end where --dry-run was said: it is refused for what it would be refused for."""
    if not options["dry_run"]:
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def actor() -> Actor:
    """Who acts at the command line: the system, with the name of the process's user kept as text."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = f"uid {uid}"
    return Actor("system", "command", f"{storable(name)} at the command line")


def add_reason(parser: ArgumentParser) -> None:
    """--reason, for what changes something."""
    parser.add_argument("--reason", required=True, help="why; kept in the audit")


def add_dry_run(parser: ArgumentParser) -> None:
    """--dry-run, for what can be undone."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done, and what refused")


def given(reason: str) -> str:
    """The reason, when there is one. Raises ReasonRequired for a blank one."""
    if not reason.strip():
        raise ReasonRequired
    return reason


def foreseen(error: Exception) -> DoplatformError:
    """An error as a member of the family; raised again where it is a fault of ours, whose traceback somebody needs."""
    if isinstance(error, DoplatformError):
        return error
    if isinstance(error, (OperationalError, InterfaceError)):
        return DatabaseUnavailable()
    if getattr(error.__cause__, "sqlstate", None) in _OTHER_SCHEMA:
        return NotMigrated()
    raise error


def as_json(error: DoplatformError) -> dict[str, Any]:
    """An error as every face shows it: code, message, and the single faults of an input."""
    described: dict[str, Any] = {"code": error.code, "message": storable(error.message)}
    if isinstance(error, InvalidInput):
        described["problems"] = [
            {"code": fault.code, "path": storable(fault.path), "message": storable(fault.message)}
            for fault in error.problems
        ]
    if isinstance(error, (StateRefused, ExecutionFailed)):
        described["status"] = str(error.status)
    return described


def shown(text: str) -> str:
    """`text` as a terminal may see it: what params, errors and reasons hold cannot move the cursor or colour lines."""
    return "".join(
        character if character.isprintable() or character == "\n" else repr(character)[1:-1]
        for character in storable(text)
    )
