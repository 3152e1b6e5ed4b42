"""Which verbs an execution's page offers to a reader, and which one is the safe one to press first."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from actions.desk.verbs import VERBS
from actions.messages import EXPLAIN
from actions.models import Action, Execution
from actions.queries.steps import UNDO
from actions.states import FINISHED, Status


@dataclass(frozen=True, slots=True)
class Button:
    """A verb that makes sense and is permitted."""

    verb: str
    label: str
    explain: str
    danger: bool = False
    main: bool = False


def buttons(
    execution: Execution, action: Action | None, *, may: Callable[[str], bool], refusal: str = ""
) -> list[Button]:
    """The verbs that make sense now and that the reader `may`; the main one, if any, first, and what is dangerous last.

    `refusal`: why a failed one cannot be retried.
    """
    found = [
        Button(verb.name, verb.label, verb.explain, verb.danger)
        for verb in VERBS.values()
        if verb.offered(execution, action) and may(verb.needs) and not (refusal and verb.name == "retry")
    ]
    if action is not None:
        if action.kind == "workflow" and execution.status not in FINISHED and may("emit"):
            found.insert(0 if execution.awaited_event else len(found), Button("emit", "Emit event", EXPLAIN["emit"]))
        if action.declared and may("replay"):
            found += _replays(execution)
    return _with_main(execution, found)


def _replays(execution: Execution) -> list[Button]:
    found = [Button("replay", "Replay", EXPLAIN["replay"])]
    if execution.parent_id is not None and not (execution.step or "").startswith(UNDO):
        found.append(Button("replay_from", "Replay workflow from here", EXPLAIN["replay_from"]))
    return found


def _with_main(execution: Execution, found: list[Button]) -> list[Button]:
    """What needs somebody has one button that is the safe one; what goes on by itself, or is over, has none."""
    wanted = {
        Status.FAILED: ("retry", "replay" if execution.parent_id is None else "replay_from"),
        Status.IN_DOUBT: ("resolve",),
        Status.RETRYING: ("run_now",),
        Status.WAITING: ("emit",) if execution.awaited_event else (),
    }.get(Status(execution.status), ())
    main = next((button for name in wanted for button in found if button.verb == name), None)
    rest = sorted((button for button in found if button is not main), key=lambda button: button.danger)
    return rest if main is None else [replace(main, main=True), *rest]
