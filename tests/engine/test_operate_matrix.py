"""Every verb on every status, against the chart: what it allows is done and audited, all else is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from actions import Actor, Handle
from actions.engine.access import actor_of
from actions.engine.operate import pause, trigger
from actions.engine.operate.cancel import cancel
from actions.engine.operate.replay import replay
from actions.engine.operate.resolve import Answer, resolve
from actions.engine.operate.retry import retry
from actions.engine.operate.run_now import run_now
from actions.errors import DoplatformError, ExecutionNotFound, Forbidden, ReasonRequired, Refused
from actions.states import CHART, FINISHED, WITH_ERROR, Status
from tests.app import actions as app
from tests.stage import ALICE, columns, key_of, rows, value, verbs

pytestmark = pytest.mark.usefixtures("engine")

VERBS: dict[str, tuple[str, Callable[..., Any], Status]] = {
    "retry": ("retry", lambda subject, **who: retry(subject, **who), Status.QUEUED),
    "run now": ("run_now", lambda subject, **who: run_now(subject, **who), Status.QUEUED),
    "cancel": ("cancel", lambda subject, **who: cancel(subject, **who), Status.CANCELLED),
    "force stop": ("force_stop", lambda subject, **who: cancel(subject, force=True, **who), Status.IN_DOUBT),
    "resolve: happened": (
        "resolve", lambda subject, **who: resolve(subject, answer=Answer.HAPPENED, result=1, **who), Status.SUCCEEDED,
    ),
    "resolve: run again": ("resolve", lambda subject, **who: resolve(subject, answer=Answer.RUN_AGAIN, **who), Status.QUEUED),
    "resolve: give up": ("resolve", lambda subject, **who: resolve(subject, answer=Answer.GIVE_UP, **who), Status.FAILED),
}  # fmt: skip
# What the chart cannot say: a force stop of what does not run is a cancel, and a running external one is only asked.
FORCED = {Status.BLOCKED, Status.QUEUED, Status.RETRYING, Status.WAITING}


def put(status: Status, effects: str = "external") -> Handle:
    """An execution in a status, as the database allows it."""
    handle = (app.external if effects == "external" else app.write_row).invoke()
    rows(
        "UPDATE actions_execution SET status = %s, finished_at = CASE WHEN %s THEN now() END, attempt = 1, "
        "worker_id = CASE WHEN %s = 'running' THEN 1 END, prerequisites = '{}', "
        "error = CASE WHEN %s THEN '{\"code\": \"x\", \"message\": \"y\"}'::jsonb END "
        "WHERE id = %s",
        status.value, status in FINISHED, status.value, status in WITH_ERROR, key_of(handle),
    )  # fmt: skip
    rows(
        "INSERT INTO actions_attempt (execution_id, number, worker_id, started_at, outcome) "
        "VALUES (%s, 1, 1, now(), CASE WHEN %s THEN NULL ELSE 'failed' END)",
        key_of(handle), status == Status.RUNNING,
    )  # fmt: skip
    return handle


def snapshot(handle: Handle) -> Any:
    return (
        columns(handle),
        rows("SELECT to_jsonb(a)::text FROM actions_attempt AS a WHERE execution_id = %s", key_of(handle)),
        value("SELECT count(*) FROM actions_auditentry"),
        value("SELECT count(*) FROM actions_execution"),
    )


def chart_allows(verb: str, status: Status, after: Status) -> bool:
    name = verb.partition(":")[0]
    return any(arrow.verb == name and arrow.to == after for arrow in CHART[status].arrows)


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    from actions.engine.sync import sync

    sync()


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_does_what_the_chart_says_and_nothing_else(verb: str):
    """I-07, I-09, B31, B32, B33"""
    for status in Status:
        meet(verb, status)


def meet(verb: str, status: Status) -> None:
    """One verb meets one status."""
    _, act, after = VERBS[verb]
    handle = put(status)
    before = snapshot(handle)
    allowed = chart_allows(verb, status, after)
    if verb == "force stop" and status in FORCED:
        allowed, after = True, Status.CANCELLED
    if verb == "cancel" and status == Status.RUNNING:
        act(handle.id, actor=ALICE, reason="because")
        row = columns(handle)
        assert (row["status"], row["cancel_requested_at"] is not None) == ("running", True)
        assert verbs(handle)[1:] == ["cancel_requested"]
        return
    if not allowed:
        with pytest.raises(Refused) as caught:
            act(handle.id, actor=ALICE, reason="because")
        assert caught.value.status == status
        assert "nothing was changed" in caught.value.message.lower()
        assert snapshot(handle) == before
        return
    act(handle.id, actor=ALICE, reason="because")
    row = columns(handle)
    assert (row["status"], row["worker_id"], row["attempt"]) == (after, None, 1)
    entry = rows(
        "SELECT actor_id, reason, data->>'before', data->>'after', attempt, xmin::text FROM actions_auditentry "
        "WHERE execution_id = %s AND verb <> 'execution.accepted'", key_of(handle),
    )  # fmt: skip
    xmin = value("SELECT xmin::text FROM actions_execution WHERE id = %s", key_of(handle))
    assert entry == [("alice", "because", status.value, after.value, 1, xmin)]


def test_a_running_database_execution_is_cancelled_at_once():
    """I-16"""
    handle = put(Status.RUNNING, effects="database")
    assert cancel(handle.id, actor=ALICE, reason="because").now == Status.CANCELLED
    assert columns(handle)["status"] == "cancelled"
    assert rows("SELECT outcome FROM actions_attempt") == [("cancelled",)]


@pytest.mark.parametrize("status", list(Status))
def test_a_replay_is_a_new_execution_whatever_became_of_the_first(status: Status):
    handle = put(status)
    before = columns(handle)
    made = replay(handle.id, actor=ALICE, reason="once more")
    assert made.id != handle.id
    fresh = columns(made.id)
    assert (fresh["status"], fresh["replay_of_id"], fresh["params"]) == ("queued", before["id"], before["params"])
    assert columns(handle) == before
    assert value("SELECT reason FROM actions_auditentry WHERE execution_id = %s", key_of(made.id)) == "once more"


STRANGE = ("", "exec_", "exec_0", "x", "exec_" + "z" * 26, "exec_" + "0" * 26, "'; --", "\x00", "é" * 26, "x" * 10_000)


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_execution_is_not_found(verb: str):
    """B26"""
    for strange in STRANGE:
        with pytest.raises(ExecutionNotFound):
            VERBS[verb][1](strange, actor=ALICE, reason="because")


@pytest.mark.parametrize("verb", VERBS)
def test_a_person_must_say_why(verb: str):
    """B33"""
    permission, act, _ = VERBS[verb]
    handle = put(_from(verb)[0])
    before, olga = snapshot(handle), person(permission)
    for reason in ("", "   ", "x" * 2_001):
        with pytest.raises(ReasonRequired):
            act(handle.id, actor=olga, reason=reason)
    assert snapshot(handle) == before


def test_a_key_or_the_platform_may_keep_silent():
    assert retry(put(Status.FAILED).id, actor=ALICE).attempt == 1


DOORS: dict[str, tuple[str, Callable[[Handle, Actor], Any]]] = {
    **{
        verb: (permission, lambda handle, actor, act=act: act(handle.id, actor=actor, reason="because"))
        for verb, (permission, act, _) in VERBS.items()
    },
    "replay": ("replay", lambda handle, actor: replay(handle.id, actor=actor, reason="because")),
    "trigger": ("trigger", lambda handle, actor: trigger.trigger("test-noop", {}, actor=actor, reason="because")),
    "pause action": ("pause", lambda handle, actor: pause.pause_action("test-noop", actor=actor, reason="because")),
    "resume action": ("pause", lambda handle, actor: pause.resume_action("test-noop", actor=actor, reason="because")),
    "pause queue": ("pause", lambda handle, actor: pause.pause_queue("default", actor=actor, reason="because")),
    "resume queue": ("pause", lambda handle, actor: pause.resume_queue("default", actor=actor, reason="because")),
}


@pytest.mark.parametrize(
    ("door", "kind"),
    [*((door, "another permission") for door in DOORS), ("retry", "none"), ("retry", "inactive"), ("retry", "deleted")],
)
def test_who_is_not_permitted_changes_nothing_and_is_audited(door: str, kind: str):
    """I-21, S-16"""
    permission, act = DOORS[door]
    other = "view_audit"
    actor = person(
        *([permission] if kind in {"inactive", "deleted"} else [other] if kind == "another permission" else [])
    )
    if kind == "inactive":
        get_user_model().objects.update(is_active=False)
    if kind == "deleted":
        get_user_model().objects.all().delete()
    handle = put(next(iter(_from(door)), Status.FAILED))
    before = snapshot(handle)
    paused = rows("SELECT paused_at FROM actions_action UNION ALL SELECT paused_at FROM actions_queue")
    with pytest.raises(Forbidden, match=f"actions.{permission}"):
        act(handle, actor)
    after = snapshot(handle)
    assert (after[:2], after[2] - before[2], after[3]) == (before[:2], 1, before[3])
    assert rows("SELECT paused_at FROM actions_action UNION ALL SELECT paused_at FROM actions_queue") == paused
    denied = rows(
        "SELECT verb, actor_kind, actor_label, data->>'verb' FROM actions_auditentry ORDER BY id DESC LIMIT 1"
    )
    assert denied == [("access.denied", "user", "olga", permission)]


@pytest.mark.parametrize("door", DOORS)
def test_who_is_permitted_may(door: str):
    permission, act = DOORS[door]
    act(put(next(iter(_from(door)), Status.FAILED)), person(permission))
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'access.denied'") == 0


def person(*permissions: str) -> Actor:
    """A user with these permissions and no others."""
    user = get_user_model().objects.create_user("olga", password=None)
    for permission in permissions:
        user.user_permissions.add(Permission.objects.get(codename=permission, content_type__app_label="actions"))
    return actor_of(user)


def _from(verb: str) -> list[Status]:
    if verb not in VERBS:
        return []
    return [status for status in Status if chart_allows(verb, status, VERBS[verb][2])]


def test_every_refusal_is_of_the_family():
    assert issubclass(Refused, DoplatformError)
