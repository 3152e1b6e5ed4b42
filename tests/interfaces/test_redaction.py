"""What an installation hides is hidden behind every door, and shown to who asks for it, which the audit knows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from structlog.testing import capture_logs

from actions import Context, Handle, RetryPolicy
from actions.engine.group import group
from actions.engine.schedules.make import make
from actions.engine.schedules.wanted import Wanted
from actions.models import AuditEntry
from actions.queries import listing
from tests.alerting import rule, watch
from tests.interfaces.api import Api, caller
from tests.interfaces.command_line import answer, said
from tests.interfaces.desk import Desk, desk, page_of
from tests.stage import ALICE, compose, declare, engine, value

__all__ = ["caller", "compose", "declare", "desk", "engine"]

KEY, PATH, ITEM, JUDGED = "canary-by-key", "canary-by-path", "4111222233334444", "canary-by-function"
PARAMS = {
    "db_password": KEY, "customer": {"name": "Ada", "iban": PATH}, "cards": [{"number": ITEM}], "note": JUDGED,
}  # fmt: skip
CANARIES = {"fixed key": KEY, "path": PATH, "path with a star": ITEM, "function": JUDGED}


def judge(path: tuple[str, ...], given: Any) -> bool:
    return given == JUDGED


@dataclass
class Told:
    """One that failed, one that succeeded, and what the process logged meanwhile."""

    failed: Handle
    done: Handle
    logged: str
    desk: Desk


@pytest.fixture
def told(desk, declare, settings) -> Told:
    settings.DOPLATFORM = {
        **settings.DOPLATFORM,
        "REDACT_KEYS": ["customer.iban", "cards.*.number"],
        "REDACT": f"{__name__}.judge",
    }

    def tell(context: Context, given: dict[str, Any]) -> None:
        context.log(f"looked at {list(given.values())}", **given, customer_iban=given["customer"]["iban"])

    @declare("hide-fails", retry=RetryPolicy(max_attempts=1))
    def fails(context: Context, db_password: str, customer: dict, cards: list, note: str) -> None:
        tell(context, {"db_password": db_password, "customer": customer, "cards": cards, "note": note})
        raise RuntimeError(f"refused {db_password}, {customer}, {cards}, {note}")

    @declare("hide-gives")
    def gives(context: Context, db_password: str, customer: dict, cards: list, note: str) -> dict:
        return {"db_password": db_password, "customer": customer, "cards": cards, "note": note}

    rule("failure")
    failed, done = fails.invoke(**PARAMS), gives.invoke(**PARAMS)
    with capture_logs() as logs:
        desk.worker.work()
        group()
        watch()
    assert (failed.status, done.status) == ("failed", "succeeded")
    return Told(failed, done, str(logs), desk)


def web(*below: str, of: str = "done", query: str = "") -> Callable[[Told], str]:
    """A page of the console."""

    def read(told: Told) -> str:
        address = "/".join(["/executions", getattr(told, of).id, *below, ""])
        body: str = told.desk.ada.get(
            address.removesuffix(".json/") + (".json" if ".json" in address else "") + query
        ).content.decode()
        return body

    return read


def exported(form: str) -> Callable[[Told], str]:
    def read(told: Told) -> str:
        response = told.desk.ada.post("/executions/export/", {"q": "", "format": form})
        return b"".join(response.streaming_content).decode()

    return read


DOORS: dict[str, Callable[[Told], str]] = {
    "page": web(),
    "page of a failure": web(of="failed"),
    "raw JSON": web("raw"),
    "raw JSON as a file": web("raw", query="?download=1"),
    "params as a file": web("payload", "params.json"),
    "result as a file": web("payload", "result.json"),
    "error as a file": web("payload", "error.json", of="failed"),
    "form that replays": web("replay"),
    "list": lambda told: told.desk.ada.get("/executions/?q=").content.decode() + str(listing.executions()),
    "failures": lambda told: told.desk.ada.get("/failures/").content.decode(),
    "admin": lambda told: (
        told.desk.ada.get(page_of(told.failed)).content.decode()
        + told.desk.ada.get(page_of(told.done)).content.decode()
    ),
    "export as CSV": exported("csv"),
    "export as NDJSON": exported("ndjson"),
    "executions show": lambda told: (
        said("executions", "show", told.done.id) + said("executions", "show", told.failed.id)
    ),
    "executions show --json": lambda told: json.dumps(answer("executions", "show", told.done.id), ensure_ascii=False),
    "executions list": lambda told: said("executions", "list"),
    "alerts": lambda told: value("SELECT string_agg(alert::text, '') FROM actions_alert AS alert"),
    "kept log lines": lambda told: value("SELECT string_agg(lines::text, '') FROM actions_attempt"),
    "the process's log": lambda told: told.logged,
}


@pytest.fixture
def everything(told) -> dict[str, str]:
    return {door: read(told) for door, read in DOORS.items()}


def test_nothing_that_is_hidden_is_behind_any_door(everything):
    """Row 19: each door times a param by a fixed key, by a path, by a function."""
    shown = {(door, kind) for door, body in everything.items() for kind, canary in CANARIES.items() if canary in body}
    assert shown == set()
    # Each door has shown something, and dots in the place of what it hid.
    empty = {door for door, body in everything.items() if "••••" not in body.replace("\\u2022", "•")}
    assert empty == set()


# The API


def test_the_api_hides_from_all_but_who_has_sent_it(told, caller):
    other, asks = caller(), caller()
    for execution in (told.done, told.failed):
        body = other.get(f"executions/{execution.id}").raw.decode()
        assert "••••" in body
        assert not [canary for canary in CANARIES.values() if canary in body]
    own = asks.start("hide-gives", PARAMS).json
    assert own["params"] == PARAMS
    told.desk.worker.work()
    assert asks.get(f"executions/{own['id']}").json["result"] == PARAMS
    assert KEY not in other.get(f"executions/{own['id']}").raw.decode()


@pytest.mark.parametrize("way", ["replay", "schedule"])
def test_who_starts_it_with_the_params_of_others_does_not_see_them(told, caller, way):
    schedule = make("hide-gives", Wanted(name="nightly", cron="0 3 * * *", params=PARAMS), actor=ALICE, reason="x")
    address = {"replay": f"executions/{told.done.id}/replay", "schedule": f"schedules/{schedule}/run-now"}[way]
    api = caller()
    made = api.post(address, {"reason": "again"}, IDEMPOTENCY_KEY="my-own-key")
    assert made.status == 202
    told.desk.worker.work()
    seen = api.get(f"executions/{made.json['id']}")
    assert seen.json["status"] == "succeeded"
    assert not [canary for canary in CANARIES.values() if canary in made.raw.decode() + seen.raw.decode()]


def test_a_key_with_the_scope_reveals_which_is_audited(told, caller):
    may: Api = caller("action:hide*:read", "action:hide*:view_payload")
    address = f"executions/{told.done.id}"
    assert KEY not in may.get(address).raw.decode()
    assert not AuditEntry.objects.filter(verb="payload.viewed").exists()
    assert may.get(address, {"reveal": "true"}).json["result"] == PARAMS
    assert AuditEntry.objects.get(verb="payload.viewed").actor_kind == "api_key"
    refused = caller("action:hide*:read").get(address, {"reveal": "true"})
    assert (refused.status, refused.code) == (403, "forbidden")
    assert "action:hide-gives:view_payload" in refused.json["detail"]
    assert KEY not in refused.raw.decode()
    assert may.get(address, {"reveal": "yes"}).status == 400


# Reveals by people


def test_a_person_reveals_on_the_page_which_is_audited(told):
    address = f"/executions/{told.done.id}/"
    assert 'form="reveal"' in told.desk.otto.get(address).content.decode()
    assert told.desk.vera.post(f"{address}reveal/").status_code == 403
    revealed = told.desk.otto.post(f"{address}reveal/", follow=True).content.decode()
    assert not [canary for canary in CANARIES.values() if canary not in revealed]
    assert json.loads(told.desk.otto.get(f"{address}payload/result.json").content) == PARAMS
    assert AuditEntry.objects.get(verb="payload.viewed").actor_label == "otto"
    assert KEY not in told.desk.otto.get(f"/executions/{told.failed.id}/").content.decode()


def test_the_command_line_reveals_which_is_audited(told):
    assert answer("executions", "show", told.done.id, "--reveal")["result"] == PARAMS
    assert AuditEntry.objects.get(verb="payload.viewed").actor_kind == "system"


# What else could tell


@pytest.mark.parametrize(
    "query", ["input.db_password:c*", f"input.customer.iban:{PATH}", "input.cards.0.number:4*", f"input.note:{JUDGED}"]
)
def test_nobody_searches_in_what_is_hidden(told, query):
    assert "is hidden in this installation" in told.desk.ada.get("/executions/", {"q": query}).content.decode()


def test_nor_in_the_text_of_what_it_stands_in(told):
    page = told.desk.ada.get("/executions/", {"q": "input.customer:*canary*"})
    assert told.done.id not in page.content.decode()


def test_a_replay_keeps_what_its_form_has_dotted(told):
    from tests.interfaces.desk import filled_in

    address = f"/executions/{told.done.id}/replay/"
    sent = {**filled_in(told.desk.ada.get(address)), "reason": "again"}
    assert not [canary for canary in CANARIES.values() if canary in str(sent)]
    response = told.desk.ada.post(address, sent)
    assert response.status_code == 302, response.content.decode()
    made = value("SELECT params FROM actions_execution ORDER BY created_at DESC LIMIT 1")
    assert (json.loads(made) if isinstance(made, str) else made) == PARAMS
