"""The demo's handlers against its servers, as plain functions: what each failure is to the platform."""

from decimal import Decimal

import pytest

from actions import Context, GiveUp, InDoubt, Resolution
from actions.definitions.registry import registry
from doplatform.demo import outside
from doplatform.demo.actions import (
    ask_provider,
    charge_payment,
    refund_payment,
    send_order_confirmation_email,
    update_crm,
)
from tests.journeys.demo_world import demo_world


class NoLink:
    """No platform behind the context: nobody asks to stop, and nothing is committed."""

    def report(self, execution_id, attempt, progress):
        return False

    def on_commit(self, hook):
        raise AssertionError("no demo handler asks for this")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def servers(folder):
    with demo_world(folder) as process:
        yield process


@pytest.fixture(autouse=True)
def world(servers, folder, monkeypatch):
    monkeypatch.setenv("DO_DATA", str(folder))
    yield
    for server in outside.state():
        outside.switch(server, "up")


def context(execution_id, action="charge-payment"):
    return Context(execution_id=execution_id, row=None, action=action, attempt=1, timeout=10, link=NoLink())


def charge(name, amount="12.50"):
    return charge_payment(order_id="A-1", amount=Decimal(amount), context=context(name))


def confirm(name):
    return send_order_confirmation_email(order_id="A-1", email="ada@example.com", context=context(name))


def asked(name):
    return ask_provider(context(name), order_id="A-1", amount=Decimal("12.50"))


def test_the_effects_are_as_promised():
    assert {action.name: str(action.effects) for action in registry if "demo" in action.place} == {
        "charge-payment": "external",
        "charge-payment.compensation": "repeatable",
        "charge-payment.resolver": "repeatable",
        "count-stock": "database",
        "create-user-record": "database",
        "pay-order": "database",
        "process-order": "database",
        "process-order.on-failure": "repeatable",
        "receive-stock": "database",
        "record-order": "database",
        "reserve-inventory": "database",
        "send-order-confirmation-email": "external",
        "send-welcome-email": "external",
        "send-welcome-email.on-failure": "repeatable",
        "sign-up": "database",
        "update-crm": "repeatable",
    }


def test_a_second_attempt_of_a_charge_charges_nothing_more():
    assert charge("exec_twice") == charge("exec_twice")


def test_a_second_attempt_of_a_refund_refunds_nothing_more():
    payment = charge("exec_regretted")
    first, again = (refund_payment(result=payment, context=context("exec_undo")) for _ in range(2))
    assert first == again
    assert len(outside.call("payment", "GET", "/refunds?key=exec_undo")["refunds"]) == 1


def test_a_declined_card_is_final():
    with pytest.raises(GiveUp, match="declined"):
        charge("exec_declined", "5000.01")


@pytest.mark.parametrize(("mode", "error"), [("down", ConnectionRefusedError), ("error", outside.Rejected)])
def test_a_charge_that_was_refused_is_a_known_failure(mode, error):
    outside.switch("payment", mode)
    with pytest.raises(error) as failure:
        charge("exec_refused")
    assert not isinstance(failure.value, charge_payment.doubt_on)


def test_a_charge_whose_answer_was_lost_is_in_doubt_and_the_resolver_knows():
    outside.switch("payment", "drop")
    with pytest.raises(charge_payment.doubt_on):
        charge("exec_lost")
    answer = asked("exec_lost")
    outside.switch("payment", "up")
    assert answer == Resolution.happened(charge("exec_lost"))
    assert asked("exec_never") == Resolution.did_not_happen()


@pytest.mark.parametrize("mode", ["down", "error"])
def test_a_mail_that_was_refused_is_a_known_failure(mode):
    outside.switch("smtp", mode)
    with pytest.raises(OSError) as failure:
        confirm("exec_refused")
    assert not isinstance(failure.value, send_order_confirmation_email.doubt_on)


def test_a_stopped_mail_server_is_named():
    outside.switch("smtp", "down")
    with pytest.raises(ConnectionRefusedError, match=r"The mail server on 127\.0\.0\.1:\d+ refuses connections"):
        confirm("exec_named")


def test_a_mail_that_was_cut_off_is_in_doubt():
    outside.switch("smtp", "drop")
    with pytest.raises(InDoubt):
        confirm("exec_cut")


def test_a_contact_is_written_once_however_often_it_is_tried():
    first, again = (update_crm(email="ö/x@example.com", name="Ö", context=context("exec_crm")) for _ in range(2))
    assert first == again == {"revision": 1}
