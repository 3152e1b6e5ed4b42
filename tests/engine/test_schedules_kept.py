"""What a schedule may be: made by people, declared by code, refused with its place."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from django.contrib.auth.models import Group, User

from actions import Actor, Redacted, Schedule
from actions.definitions.registry import Fault, registry
from actions.engine.schedules.change import change
from actions.engine.schedules.make import make
from actions.engine.schedules.pause import pause, resume
from actions.engine.schedules.remove import remove
from actions.engine.schedules.run_now import run_now
from actions.engine.schedules.wanted import Wanted
from actions.engine.sync import sync
from actions.errors import (
    Forbidden,
    InvalidDefinition,
    InvalidInput,
    NotTriggerable,
    ReasonRequired,
    ScheduleDeclared,
)
from tests.engine.scheduling import YEARLY, audited, made, of
from tests.stage import ALICE, forget, value

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture(autouse=True)
def catalogue(engine: None) -> None:
    sync()


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"cron": "never"}, "cron"),
        ({"timezone": "Nowhere"}, "timezone"),
        ({"catch_up": "some"}, "catch_up"),
        ({"params": {"n": "many"}}, "n"),
        ({"params": {"what": 1}}, "what"),
        ({"params": {"text": "\x00"}}, "text"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(wanted: dict[str, Any], path: str):
    with pytest.raises(InvalidInput) as refused:
        made(**{"name": "nightly", **wanted})
    assert refused.value.path == path
    assert value("SELECT count(*) FROM actions_schedule") == 0


def test_all_faults_of_a_schedule_are_said_at_once():
    with pytest.raises(InvalidInput) as refused:
        made(name="", cron="x", catch_up="y")
    assert [problem.path for problem in refused.value.problems] == ["name", "cron", "catch_up"]


def test_a_name_is_given_once_for_an_action():
    made()
    made("test-echo", params={"value": 1})
    other = made(name="other")
    with pytest.raises(InvalidInput, match="already"):
        made()
    with pytest.raises(InvalidInput, match="already"):
        change(other, Wanted(name="nightly", cron=YEARLY), actor=ALICE)


def test_a_secret_is_kept_in_no_schedule(declare: Callable[..., Any]):
    @declare("stage-secret")
    def act(word: Annotated[str, Redacted] = "") -> None: ...

    with pytest.raises(InvalidInput, match="keeps no secrets"):
        made("stage-secret", params={"word": "hidden"})
    assert made("stage-secret")
    with pytest.raises(InvalidDefinition, match="keeps no secrets"):
        declare("stage-secret-declared", schedules=[Schedule(YEARLY, params={"word": "x"})])(act.handler)


def test_what_only_the_platform_asks_for_has_no_schedule():
    with pytest.raises(NotTriggerable):
        made("doplatform.deliver-callback")


@pytest.fixture
def nightly(declare: Callable[..., Any]) -> Iterator[Callable[..., int]]:
    """nightly(cron=…): an action that declares one schedule; its id."""

    def declared(**changed: Any) -> int:
        forget(["stage-nightly"])
        one = Schedule(**{"cron": YEARLY, "params": {"n": 1}, "name": "nightly", **changed})

        @declare("stage-nightly", schedules=[one])
        def act(n: int) -> None: ...

        return int(value("SELECT id FROM actions_schedule WHERE action_id = 'stage-nightly'"))

    yield declared


def test_what_the_code_declares_follows_the_code(nightly: Callable[..., int]):
    schedule = nightly()
    assert (of(schedule)["declared"], of(schedule)["params"], of(schedule)["catch_up"]) == (True, {"n": 1}, "one")
    assert pause(schedule, actor=ALICE)
    assert nightly(cron="0 0 1 2 *", params={"n": 2}) == schedule
    assert (of(schedule)["cron"], of(schedule)["params"], of(schedule)["next_at"]) == ("0 0 1 2 *", {"n": 2}, None)
    assert resume(schedule, actor=ALICE)
    assert of(schedule)["next_at"].month == 2
    before = of(schedule)
    sync()
    assert of(schedule) == before
    assert [len(audited(verb)) for verb in ("created", "changed")] == [1, 1]
    with pytest.raises(ScheduleDeclared):
        change(schedule, Wanted(name="x", cron=YEARLY), actor=ALICE)
    with pytest.raises(ScheduleDeclared):
        remove(schedule, actor=ALICE)


def test_what_the_code_declares_no_more_comes_no_more(nightly: Callable[..., int], monkeypatch: pytest.MonkeyPatch):
    schedule = nightly()
    forget(["stage-nightly"])
    # A module that could not be imported declares nothing, and takes nothing back.
    monkeypatch.setattr(registry, "faults", [Fault("app.actions", "actions.py:1", SyntaxError())])
    sync()
    assert of(schedule)["next_at"]
    monkeypatch.setattr(registry, "faults", [])
    sync()
    sync()
    assert (of(schedule)["withdrawn"], of(schedule)["next_at"]) == (True, None)
    assert len(audited("withdrawn")) == 1
    # It is back with the code, the same one.
    assert nightly() == schedule
    assert (of(schedule)["withdrawn"], bool(of(schedule)["next_at"])) == (False, True)
    forget(["stage-nightly"])
    sync()
    assert remove(schedule, actor=ALICE) == "nightly"


def test_a_persons_schedule_becomes_the_codes_where_that_declares_it(declare: Callable[..., Any]):
    schedule = made()
    noop = registry.find("test-noop")
    noop.schedules = (Schedule("0 0 1 2 *", name="nightly"),)
    try:
        sync()
    finally:
        noop.schedules = ()
    assert (of(schedule)["declared"], of(schedule)["cron"], of(schedule)["created_by"]) == (True, "0 0 1 2 *", "Alice")
    assert audited("changed")[0]["before"]["declared"] is False


@pytest.mark.parametrize(
    ("schedules", "said"),
    [
        ([Schedule("61 * * * *")], r"stage-wrong \(.*\): schedule 'default': The minute '61'"),
        ([Schedule("* * * * *", timezone="Mars")], "no time zone 'Mars'"),
        ([Schedule("* * * * *", params={"m": 1})], "m: Extra inputs"),
        ([Schedule("* * * * *", params={"n": object()})], "cannot be written as JSON"),
        ([Schedule("* * * * *", catch_up="some")], "catch_up is one of skip, one, all"),
        ([Schedule("* * * * *"), Schedule("0 * * * *")], "two of that name"),
        ([Schedule("* * * * *", name="\n")], "name of 1 to 60"),
    ],
)
def test_a_wrong_declaration_is_refused_at_once(declare: Callable[..., Any], schedules: list[Schedule], said: str):
    with pytest.raises(InvalidDefinition, match=said):

        @declare("stage-wrong", schedules=schedules)
        def act(n: int = 0) -> None: ...


def test_people_need_a_permission_and_a_reason():
    operator, viewer = (User.objects.create_user(name) for name in ("olga", "vera"))
    operator.groups.add(Group.objects.get(name="Operator"))
    viewer.groups.add(Group.objects.get(name="Viewer"))
    olga, vera = (Actor("user", str(user.pk), user.username) for user in (operator, viewer))
    wanted = Wanted(name="nightly", cron=YEARLY)
    with pytest.raises(ReasonRequired):
        make("test-noop", wanted, actor=olga)
    schedule = make("test-noop", wanted, actor=olga, reason="books")
    for act in (
        lambda: make("test-noop", wanted, actor=vera, reason="x"),
        lambda: change(schedule, wanted, actor=vera, reason="x"),
        lambda: remove(schedule, actor=vera, reason="x"),
        lambda: pause(schedule, actor=vera, reason="x"),
        lambda: resume(schedule, actor=vera, reason="x"),
        lambda: run_now(schedule, actor=vera, reason="x"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert value("SELECT count(*) FROM actions_auditentry WHERE verb = 'access.denied'") == 6
    assert pause(schedule, actor=olga, reason="quiet")
