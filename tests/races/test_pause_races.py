"""The end of a pause, and who else is at it: whoever is first is right, and the other is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions.engine.lift import lift
from actions.engine.operate.change_pause import change_queue_pause
from actions.engine.operate.pause import pause_queue, resume_queue
from actions.engine.schedules import pause as schedules
from actions.engine.schedules.change_pause import change_schedule_pause
from actions.engine.schedules.make import make
from actions.engine.schedules.wanted import Wanted
from actions.engine.sync import sync
from actions.errors import NotPaused
from tests.races.interleaving import Place, at_end_of, meet
from tests.stage import ALICE, BOB, rows, value

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(params=["queue", "schedule"])
def acts(request: pytest.FixtureRequest) -> dict[str, Callable[[], Any]]:
    """What can be done at once to something whose pause has just come to its end."""
    sync()
    kind, hour = request.param, datetime.now(UTC) + timedelta(hours=1)
    schedule = make("test-noop", Wanted(name="nightly", cron="0 0 1 1 *"), actor=ALICE)
    if kind == "queue":
        pause_queue("default", actor=ALICE, until=hour)
        change: Callable[[], Any] = lambda: change_queue_pause("default", actor=BOB, until=hour)  # noqa: E731
        resume: Callable[[], Any] = lambda: resume_queue("default", actor=ALICE)  # noqa: E731
    else:
        schedules.pause(schedule, actor=ALICE, until=hour)
        change = lambda: change_schedule_pause(schedule, actor=BOB, until=hour)  # noqa: E731
        resume = lambda: schedules.resume(schedule, actor=ALICE)  # noqa: E731
    rows(f"UPDATE actions_{kind} SET paused_until = now() - interval '1 second' WHERE paused_at IS NOT NULL")
    return {"change": change, "resume": resume, "lift": lambda: bool(lift()), "kind": lambda: kind}


@pytest.mark.parametrize(
    ("first", "second", "found", "entries"),
    [
        ("change", "lift", [True, False], (1, 0)),
        ("lift", "change", [True, "doplatform resumed it"], (0, 1)),
        ("change", "resume", [True, True], (1, 1)),
        ("resume", "change", [True, "Alice resumed it"], (0, 1)),
        ("change", "change", [True, False], (1, 0)),
    ],
)
def test_a_pause_is_changed_or_has_ended_and_each_is_told_which(
    acts: dict[str, Callable[[], Any]], first: str, second: str, found: list[Any], entries: tuple[int, int]
):
    stands = Place()
    done, late = meet(stands, at_end_of(acts[first], stands), acts[second])
    if isinstance(late, NotPaused):
        assert found[1] in late.message
        late = found[1]
    assert [done, late] == found
    kind = acts["kind"]()
    written = tuple(
        value("SELECT count(*) FROM actions_auditentry WHERE verb = %s", f"{kind}.{verb}")
        for verb in ("pause_changed", "resumed")
    )
    assert written == entries
    still = value(f"SELECT count(*) FROM actions_{kind} WHERE paused_until > now()")
    assert still == (entries[1] == 0)
