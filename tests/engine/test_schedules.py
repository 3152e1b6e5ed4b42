"""What the clock asks for: each time of a schedule once, whatever happened meanwhile, and never silently nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from actions import crashpoints
from actions.engine.maintain import Maintain
from actions.engine.operate.pause import pause_action
from actions.engine.schedules import fire as firing
from actions.engine.schedules.change import change
from actions.engine.schedules.fire import fire
from actions.engine.schedules.pause import pause, resume
from actions.engine.schedules.remove import remove
from actions.engine.schedules.run_now import run_now
from actions.engine.schedules.wanted import Wanted
from actions.engine.schedules.watch import EVERY, Watch
from actions.engine.sync import sync
from actions.errors import (
    ActionDisabled,
    IdempotencyConflict,
    InvalidParams,
    ScheduleNotFound,
)
from tests.engine.scheduling import YEARLY, audited, due_at, made, of, started
from tests.stage import ALICE, StageWorker, elsewhere, forget, rows, value

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    sync()


def test_a_time_that_has_come_is_one_execution_with_its_key():
    """Section 3, rule 12"""
    schedule = made(params={"n": 3})
    assert not fire()
    due = due_at(schedule)
    assert fire()
    assert not fire()
    assert started() == [(f"schedule:{schedule}:{due:%Y-%m-%dT%H:%M:%SZ}", f"schedule:{schedule} nightly", "test-noop")]
    assert (of(schedule)["last_at"], of(schedule)["next_at"].strftime("%m-%d %H:%M")) == (due, "01-01 00:00")
    assert value("SELECT params->>'n' FROM actions_execution") == "3"


def test_a_time_that_was_done_is_not_done_again_when_the_clock_goes_back():
    """I-15, F15: the time comes again"""
    schedule = made()
    due = due_at(schedule)
    assert fire()
    rows("UPDATE actions_schedule SET next_at = last_at WHERE id = %s", schedule)
    assert fire()
    assert len(started()) == 1
    # A change, too, begins behind what was done.
    rows("UPDATE actions_schedule SET last_at = now() + interval '400 days' WHERE id = %s", schedule)
    assert change(schedule, Wanted(name="nightly", cron="0 0 2 1 *"), actor=ALICE)
    assert of(schedule)["next_at"] > due + timedelta(days=400)


def test_a_crash_between_the_execution_and_the_next_time_does_neither(monkeypatch: pytest.MonkeyPatch):
    schedule = made()
    due = due_at(schedule)

    def crash(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(firing, "crash_point", crash)
    with pytest.raises(OSError, match=r"schedules\.accepted"):
        fire()
    assert (started(), of(schedule)["next_at"]) == ([], due)
    monkeypatch.setattr(firing, "crash_point", crashpoints.crash_point)
    assert fire()
    assert len(started()) == 1


@pytest.mark.parametrize(("policy", "number", "left_out"), [("skip", 1, 240), ("one", 1, 240), ("all", 100, 141)])
def test_after_a_downtime_it_does_what_the_policy_says(policy: str, number: int, left_out: int):
    """I-15; four hours, one time a minute"""
    schedule = made(cron="* * * * *", catch_up=policy)
    rows(
        "UPDATE actions_schedule SET next_at = date_trunc('minute', now()) - interval '4 hours' WHERE id = %s", schedule
    )
    assert fire()
    keys = [key for key, _, _ in started()]
    assert len(set(keys)) == len(keys) == number
    # Within a minute of an odd second, one more may have come.
    (told,) = audited("skipped")
    assert abs(told["left_out"] - left_out) <= 1
    assert (told["started"], told["at_least"], told["catch_up"]) == (number, False, policy)
    assert of(schedule)["next_at"] > datetime.now(UTC) - timedelta(seconds=1)
    assert not fire()


def test_a_missed_time_that_is_skipped_starts_nothing_and_is_told():
    schedule = made(catch_up="skip")
    due_at(schedule, timedelta(hours=2))
    assert fire()
    assert started() == []
    assert [told["left_out"] for told in audited("skipped")] == [1]
    assert (of(schedule)["last_at"], of(schedule)["last_error"]) == (None, "")


def test_an_action_that_is_gone_starts_nothing_and_keeps_nobody(declare: Callable[..., Any]):
    """and is told once, however often it comes"""

    @declare("stage-gone")
    def act() -> None: ...

    broken, well = made("stage-gone"), made()
    forget(["stage-gone"])
    due_at(broken, timedelta(seconds=2))
    due_at(well)
    with capture_logs() as logs:
        assert Watch().look() == 2
        due_at(broken)
        assert fire()
    assert [action for _, _, action in started()] == ["test-noop"]
    assert of(broken)["last_error"] == "There is no action called 'stage-gone'."
    assert of(broken)["next_at"] > datetime.now(UTC)
    (told,) = audited("failed")
    assert (told["schedule"], told["code"]) == (broken, "action_not_found")
    assert [line["event"] for line in logs] == ["schedule_failed"]


def test_params_that_no_longer_fit_start_nothing_until_they_do(declare: Callable[..., Any]):
    @declare("stage-fits")
    def act(n: int) -> None: ...

    schedule = made("stage-fits", params={"n": 1})
    forget(["stage-fits"])

    @declare("stage-fits")
    def act_anew(text: str) -> None: ...

    due_at(schedule)
    assert fire()
    assert started() == []
    assert of(schedule)["last_error"].startswith("The params of stage-fits do not fit")
    with pytest.raises(InvalidParams):
        run_now(schedule, actor=ALICE)
    assert change(schedule, Wanted(name="nightly", cron=YEARLY, params={"text": "x"}), actor=ALICE)
    assert of(schedule)["last_error"] == ""
    due_at(schedule)
    assert fire()
    assert len(started()) == 1


def test_an_action_that_was_switched_off_starts_nothing(settings: Any):
    schedule = made()
    settings.DOPLATFORM = {**settings.DOPLATFORM, "ACTIONS_DISABLED": ("test-noop",)}
    due_at(schedule)
    assert fire()
    assert started() == []
    assert "switched off" in of(schedule)["last_error"]
    with pytest.raises(ActionDisabled):
        made(name="other")


def test_a_fault_in_an_actions_own_code_is_said_without_its_words(declare: Callable[..., Any]):
    @declare("stage-derives", derive_key=lambda params: 1 / params["n"])
    def act(n: int) -> None: ...

    @declare("stage-needs-key", idempotency="required")
    def needs() -> None: ...

    # With the schedule's own key, neither is asked for one.
    for name, params in (("stage-derives", {"n": 0}), ("stage-needs-key", {})):
        schedule = made(name, params=params)
        due_at(schedule)
        assert fire()
        assert run_now(schedule, actor=ALICE).replayed is False
    assert len(started()) == 4


def test_an_unexpected_fault_is_kept_by_its_class(monkeypatch: pytest.MonkeyPatch):
    schedule = made()

    def fault(*_: Any) -> None:
        raise KeyError("card 4242")

    monkeypatch.setattr(firing, "accept_many", fault)
    due_at(schedule)
    assert fire()
    assert of(schedule)["last_error"] == "KeyError was raised; nothing was stored."
    assert of(schedule)["last_error_at"] is not None


def test_a_paused_action_keeps_what_its_schedule_asked_for(worker: StageWorker):
    schedule = made()
    pause_action("test-noop", actor=ALICE)
    due_at(schedule)
    assert fire()
    assert worker.work() == 0
    assert value("SELECT status FROM actions_execution") == "queued"


def test_a_paused_schedule_lets_its_times_pass():
    schedule = made(cron="* * * * * *", catch_up="all")
    assert pause(schedule, actor=ALICE, reason="quiet")
    assert not pause(schedule, actor=ALICE)
    assert (of(schedule)["next_at"], of(schedule)["paused_by"]) == (None, "Alice")
    assert not fire()
    assert resume(schedule, actor=ALICE)
    assert not resume(schedule, actor=ALICE)
    assert of(schedule)["next_at"] > datetime.now(UTC) - timedelta(seconds=1)
    assert [len(audited(verb)) for verb in ("paused", "resumed")] == [1, 1]
    assert started() == []


def test_run_now_asks_beside_its_times():
    schedule = made(params={"n": 5})
    before = of(schedule)
    accepted = run_now(schedule, actor=ALICE, reason="a look", idempotency_key="once")
    assert run_now(schedule, actor=ALICE, idempotency_key="once") == accepted.__class__(accepted.id, True)
    assert started() == [(f"schedule:{schedule}:now:once", "system:alice Alice", "test-noop")]
    assert of(schedule) == before
    assert [told["execution"] for told in audited("run_now")] == [accepted.id]
    change(schedule, Wanted(name="nightly", cron=YEARLY, params={"n": 6}), actor=ALICE)
    with pytest.raises(IdempotencyConflict):
        run_now(schedule, actor=ALICE, idempotency_key="once")


def test_what_is_made_changed_and_removed_is_audited_without_params():
    schedule = made(params={"text": "confidential"})
    assert not change(schedule, Wanted(name="nightly", cron=YEARLY, params={"text": "confidential"}), actor=ALICE)
    wanted = Wanted(name="weekly", cron="0 0 * * MON", timezone="Europe/Berlin", params={"text": "x"}, catch_up="all")
    assert change(schedule, wanted, actor=ALICE)
    assert remove(schedule, actor=ALICE) == "weekly"
    (created,), (changed,), (removed,) = audited("created"), audited("changed"), audited("removed")
    assert (changed["before"]["name"], changed["after"]["name"]) == ("nightly", "weekly")
    assert created["after"]["params"] == changed["before"]["params"] != changed["after"]["params"]
    assert (removed["before"]["cron"], removed["before"]["timezone"]) == ("0 0 * * MON", "Europe/Berlin")
    assert "confidential" not in str((created, changed, removed))
    with pytest.raises(ScheduleNotFound):
        remove(schedule, actor=ALICE)


def test_maintain_fires_within_its_tick_and_looks_seldom_meanwhile(monkeypatch: pytest.MonkeyPatch):
    from actions.engine.schedules import watch as watching

    looked: list[str] = []
    plain = watching.fetch
    monkeypatch.setattr(watching, "fetch", lambda *args: looked.append(args[0]) or plain(*args))
    monotonic = [1_000.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: monotonic[0])
    watch = Watch()
    assert watch.look() == 0
    for _ in range(3):
        monotonic[0] += EVERY / 4
        assert watch.look() == 0
    assert len(looked) == 1
    schedule = made()
    rows("UPDATE actions_schedule SET next_at = now() + interval '0.2 seconds' WHERE id = %s", schedule)
    monotonic[0] += EVERY / 4
    assert watch.look() == 0
    due_at(schedule)
    # It knows when it is due, and looks then, not after five seconds.
    monotonic[0] += 0.3
    assert watch.look() == 1
    assert len(started()) == 1


def test_maintain_does_it_and_a_second_one_nothing():
    """F16"""
    schedule = made()
    due_at(schedule)
    first = Maintain()
    assert first.step()
    assert not elsewhere(Maintain().step)
    assert len(started()) == 1
