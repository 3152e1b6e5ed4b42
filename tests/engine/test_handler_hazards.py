"""What a handler may do to the transaction it is given: every row of RELIABILITY.md section 1 (F21)."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction

from actions import Context
from tests.app import actions as app
from tests.app.models import Effect
from tests.stage import StageWorker, effects, rows, value

pytestmark = pytest.mark.usefixtures("engine")


def commit(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("COMMIT")


def commit_in_other_words(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("  end")


def rollback(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("ROLLBACK")


def begin(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("BEGIN")


def hidden_commit(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("SELECT 1; COMMIT")


def commented_commit(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("/* so */ COMMIT")


def hidden_commit_and_new_transaction(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("SELECT 1; COMMIT; BEGIN")


def hidden_rollback(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("SELECT 1; ROLLBACK")
    app.write(context, "outside of everything")


def driver_commit(context: Context) -> None:
    app.write(context)
    connection.connection.commit()


def django_commit(context: Context) -> None:
    app.write(context)
    transaction.commit()


def django_rollback(context: Context) -> None:
    app.write(context)
    transaction.rollback()


def set_autocommit(context: Context) -> None:
    app.write(context)
    transaction.set_autocommit(True)


def durable(context: Context) -> None:
    app.write(context)
    with transaction.atomic(durable=True):
        app.write(context)


def in_a_thread(context: Context) -> None:
    app.write(context)
    met: list[BaseException] = []

    def writes() -> None:
        try:
            app.write(context, "thread")
        except BaseException as error:
            met.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=writes)
    thread.start()
    thread.join()
    if met:
        raise met[0]


def asyncio_run(context: Context) -> None:
    app.write(context)

    async def writes() -> None:
        await sync_to_async(app.write, thread_sensitive=True)(context, "loop")

    asyncio.run(writes())


def swallowed_error(context: Context) -> None:
    app.write(context)
    try:
        Effect.objects.create(id=Effect.objects.latest("id").id, execution_id="x", attempt=0)
    except Exception:
        return


def swallowed_raw_error(context: Context) -> None:
    app.write(context)
    try:
        connection.connection.execute("SELECT 1/0")
    except Exception:
        return


def closes(context: Context) -> None:
    app.write(context)
    connection.close()


def closes_behind_django(context: Context) -> None:
    app.write(context)
    connection.connection.close()


def rolls_back_to_nowhere(context: Context) -> None:
    app.write(context)
    connection.cursor().execute("ROLLBACK TO SAVEPOINT nowhere")


def other_alias(context: Context) -> None:
    app.write(context)
    with connections["other"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO app_effect (execution_id, attempt, note, at) VALUES (%s, 1, '', now())", ["elsewhere"]
        )


CODES = {
    commit: "transaction_control",
    commit_in_other_words: "transaction_control",
    rollback: "transaction_control",
    begin: "transaction_control",
    hidden_commit: None,
    commented_commit: None,
    hidden_commit_and_new_transaction: None,
    hidden_rollback: None,
    driver_commit: None,
    django_commit: None,
    django_rollback: None,
    set_autocommit: None,
    durable: None,
    in_a_thread: "second_connection",
    asyncio_run: "second_connection",
    swallowed_error: "transaction_aborted",
    swallowed_raw_error: "transaction_aborted",
    closes: None,
    closes_behind_django: None,
    rolls_back_to_nowhere: None,
}


@pytest.fixture
def other_database() -> Iterator[None]:
    """A second alias for the same database, as an installation with two databases has."""
    connections.databases["other"] = {**connections.databases["default"], "TEST": {"MIRROR": None}}
    connections.databases["other"]["NAME"] = connection.settings_dict["NAME"]
    yield
    connections["other"].close()
    del connections["other"]
    del connections.databases["other"]


@pytest.mark.parametrize("kind", ["database", "repeatable", "external"])
@pytest.mark.parametrize("hazard", CODES, ids=lambda hazard: hazard.__name__)
def test_no_hazard_publishes_unsettled_work(hazard: Any, kind: str, declare: Any, crew: Any):
    """F21, I-04: zero effects unless succeeded, and then one, and the worker lives on."""
    from actions import RetryPolicy

    declare("stage-hazard", effects=kind, retry=RetryPolicy(max_attempts=1))(hazard)
    handle = declare_handle("stage-hazard")
    worker: StageWorker = crew()
    worker.work(most=8)
    connection.close()
    assert handle.status in {"failed", "in_doubt"}, handle.status
    assert value("SELECT count(*) FROM app_effect") == 0
    assert rows("SELECT count(*) FROM actions_unsettled") == [(0,)]
    if CODES[hazard] is not None:
        assert handle.error is not None
        assert handle.error["code"] == CODES[hazard]
    after = app.write_row.invoke()
    worker.work()
    assert (after.status, effects(after)) == ("succeeded", 1)


@pytest.mark.parametrize("hazard", CODES, ids=lambda hazard: hazard.__name__)
def test_no_hazard_costs_its_neighbours_their_effects(hazard: Any, declare: Any, crew: Any):
    """F21, I-04: in a group, the others are done once."""
    from actions import RetryPolicy

    declare("stage-hazard", retry=RetryPolicy(max_attempts=1))(hazard)
    before = app.write_row.invoke()
    handle = declare_handle("stage-hazard")
    after = app.write_row.invoke()
    worker: StageWorker = crew()
    claims = worker.claim()
    assert len(claims) == 3
    worker.settle(claims)
    worker.work(most=8)
    connection.close()
    assert (before.status, handle.status, after.status) == ("succeeded", "failed", "succeeded")
    assert (effects(before), effects(handle), effects(after)) == (1, 0, 1)
    assert value("SELECT count(*) FROM app_effect") == 2


def declare_handle(name: str) -> Any:
    from actions.definitions.registry import registry

    return registry.find(name).invoke()


@pytest.mark.parametrize(
    ("kind", "status"), [("database", "failed"), ("repeatable", "failed"), ("external", "succeeded")]
)
def test_another_database_is_open_to_external_actions_only(
    kind: str, status: str, declare: Any, crew: Any, other_database: None
):
    """F21: other using="""
    from actions import RetryPolicy

    declare("stage-alias", effects=kind, retry=RetryPolicy(max_attempts=1))(other_alias)
    handle = declare_handle("stage-alias")
    crew().work()
    assert handle.status == status
    assert value("SELECT count(*) FROM app_effect WHERE execution_id = 'elsewhere'") == (status == "succeeded")
    if status == "failed":
        assert handle.error is not None
        assert handle.error["code"] == "second_connection"
        assert effects(handle) == 0


def test_a_deferred_constraint_that_fails_at_the_commit_fails_its_member_alone(declare: Any, crew: Any):
    """A violation that PostgreSQL tells only at COMMIT; its neighbours are done all the same."""
    rows("ALTER TABLE app_effect ADD CONSTRAINT late UNIQUE (note) DEFERRABLE INITIALLY DEFERRED")
    try:

        @declare("stage-deferred")
        def deferred(context: Context) -> None:
            app.write(context, "same")
            app.write(context, "same")

        before, bad, after = app.write_row.invoke(note="a"), deferred.invoke(), app.write_row.invoke(note="b")
        crew().work()
        assert (before.status, bad.status, after.status) == ("succeeded", "failed", "succeeded")
        assert bad.error is not None
        assert bad.error["class"] == "django.db.utils.IntegrityError"
        assert (effects(before), effects(bad), effects(after)) == (1, 0, 1)
    finally:
        rows("DELETE FROM app_effect")
        rows("ALTER TABLE app_effect DROP CONSTRAINT late")


def test_savepoints_of_the_handlers_own_are_allowed(declare: Any, crew: Any):
    @declare("stage-own")
    def own(context: Context) -> None:
        app.write(context, "kept")
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT mine")
            app.write(context, "undone")
            cursor.execute("ROLLBACK TO SAVEPOINT mine")
            cursor.execute("RELEASE SAVEPOINT mine")

    handle = own.invoke()
    crew().work()
    assert (handle.status, effects(handle)) == ("succeeded", 1)
