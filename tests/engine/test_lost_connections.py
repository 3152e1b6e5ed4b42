"""A database session that ends at the worst moment: what was promised for each kind of effects (F12, F12b)."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection

from actions import Context
from actions.engine import settle
from tests.app import actions as app
from tests.stage import AT_ONCE, column, effects, outcomes, value

pytestmark = pytest.mark.usefixtures("engine")


def own_pid() -> int:
    return int(connection.connection.info.backend_pid)


@pytest.fixture
def end_session(observer: psycopg.Connection[Any]) -> Callable[[], None]:
    """End the session of Django's connection, and wait until it is gone."""

    def end() -> None:
        observer.execute("SELECT pg_terminate_backend(%s, 5000)", [own_pid()])

    return end


@pytest.mark.parametrize(
    ("kind", "status", "last"),
    [
        ("database", "succeeded", "succeeded"),
        ("repeatable", "succeeded", "succeeded"),
        ("external", "in_doubt", "in_doubt"),
    ],
)
def test_a_commit_that_was_aborted_without_a_word_is_judged_and_never_called_a_failure(
    kind: str, status: str, last: str, declare: Any, crew: Any, end_session: Any, monkeypatch: pytest.MonkeyPatch
):
    """F12b, I-13; mutant 7"""
    entries: list[int] = []

    @declare("stage-commit", effects=kind)
    def act(context: Context) -> None:
        entries.append(context.attempt)
        app.write(context)

    def once(name: str) -> None:
        if name == "settle.updated" and len(entries) == 1:
            end_session()

    monkeypatch.setattr(settle, "crash_point", once)
    handle = act.invoke()
    crew().work()
    assert handle.status == status
    assert outcomes(handle)[-1] == last
    assert "failed" not in outcomes(handle)
    assert (column(handle, "tries"), effects(handle)) == (0, 1 if status == "succeeded" else 0)
    assert len(entries) == (1 if kind == "external" else 2)


def test_a_commit_that_happened_without_a_word_is_done(
    declare: Any, crew: Any, end_session: Any, monkeypatch: pytest.MonkeyPatch
):
    """F12b: committed is done, whatever the client heard; the handler is not entered again."""
    from django.db.backends.postgresql.base import DatabaseWrapper

    entries: list[int] = []
    hooks: list[str] = []

    @declare("stage-commit", effects="external")
    def act(context: Context) -> None:
        from django.db import transaction

        entries.append(context.attempt)
        app.write(context)
        transaction.on_commit(lambda: hooks.append(context.execution_id))

    plain = DatabaseWrapper._commit

    def commit_and_lose_the_reply(wrapper: Any) -> None:
        plain(wrapper)
        if wrapper is connection and len(entries) == 1 and not hooks and value_of_settled():
            end_session()
            connection.connection.execute("SELECT 1")

    def value_of_settled() -> bool:
        return bool(connection.execute_wrappers)

    monkeypatch.setattr(DatabaseWrapper, "_commit", commit_and_lose_the_reply)
    handle = act.invoke()
    crew().work()
    assert (handle.status, entries, effects(handle)) == ("succeeded", [1], 1)
    assert hooks == [handle.id]


@pytest.mark.parametrize(
    ("kind", "status"), [("database", "succeeded"), ("repeatable", "succeeded"), ("external", "in_doubt")]
)
def test_a_session_that_ends_in_the_middle_of_a_handler_is_a_loss(
    kind: str, status: str, declare: Any, crew: Any, end_session: Any
):
    """F12: rolled back, lost, done again where that is allowed"""

    @declare("stage-middle", effects=kind, retry=AT_ONCE)
    def act(context: Context) -> None:
        app.write(context)
        if context.attempt == 1:
            end_session()
        app.write(context)

    handle = act.invoke()
    crew().work()
    assert handle.status == status
    assert column(handle, "tries") == 0
    assert effects(handle) == (2 if status == "succeeded" else 0)


def test_a_group_whose_session_ends_is_done_again_one_by_one(declare: Any, crew: Any, end_session: Any):
    entries: list[str] = []

    @declare("stage-middle")
    def act(context: Context) -> None:
        entries.append(context.execution_id)
        app.write(context)
        if len(entries) == 2:
            end_session()
            app.write(context)

    handles = act.invoke_many([{}] * 3)
    crew().work()
    assert [handle.status for handle in handles] == ["succeeded"] * 3
    assert [effects(handle) for handle in handles] == [1, 1, 1]


def test_an_ending_whose_own_record_loses_its_session_is_recorded_on_the_next(
    declare: Any, crew: Any, end_session: Any, monkeypatch: pytest.MonkeyPatch
):
    """I-02: an attempt does not stay running in the name of a worker that lives."""
    from actions.engine import ledger

    plain, ended = ledger.settle, []

    def settle_badly(*args: Any, **kwargs: Any) -> str:
        if not ended:
            ended.append(True)
            end_session()
        return plain(*args, **kwargs)

    @declare("stage-loose", atomic=False)
    def loose() -> str:
        return "done"

    monkeypatch.setattr(ledger, "settle", settle_badly)
    handle = loose.invoke()
    crew().work()
    assert handle.result(timeout=0) == "done"


def test_a_session_that_ended_before_an_external_handler_never_lets_it_in_twice(
    declare: Any, crew: Any, end_session: Any
):
    """I-03 of the design: not a second time without a decision."""
    entries: list[int] = []

    @declare("stage-entered", effects="external")
    def act(context: Context) -> None:
        entries.append(context.attempt)

    handle = act.invoke()
    worker = crew()
    claims = worker.claim()
    end_session()
    worker.settle(claims)
    worker.work()
    assert (handle.status, len(entries)) == ("in_doubt", 1)
    assert value("SELECT count(*) FROM actions_execution WHERE status = 'running'") == 0
