"""The demo's mail server, CRM and payment provider: real sockets, in every mode they can be told to be in."""

import http.client
import json
import signal
import smtplib
import socket
import subprocess
import sys
import time

import pytest

from doplatform.demo import addresses, outside
from doplatform.paths import BASE
from tests.journeys.demo_world import demo_world

CHARGE = {"order_id": "A-1", "amount": "12.50"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def servers(folder):
    with demo_world(folder, DEMO_SLOW_SECONDS="2") as process:
        yield process


@pytest.fixture
def world(servers, folder, monkeypatch):
    monkeypatch.setenv("DO_DATA", str(folder))
    yield folder
    for server in outside.state():
        outside.switch(server, "up")


def kept(folder, name):
    file = folder / "demo" / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def send(subject):
    outside.send_mail(to="ada@example.com", subject=subject, body="Grüße", message_id="one")


def charge(key, **changes):
    return outside.call("payment", "POST", "/charges", json_body={**CHARGE, **changes}, key=key)


def charges(key):
    return outside.call("payment", "GET", f"/charges?key={key}")["charges"]


def test_a_mail_is_kept(world):
    send("kept")
    assert kept(world, "mails")[-1] | {"at": ""} == {
        "at": "",
        "to": "ada@example.com",
        "subject": "kept",
        "message_id": "<one@example.com>",
        "body": "Grüße",
    }


@pytest.mark.parametrize(
    ("mode", "error", "arrived"),
    [
        ("down", ConnectionRefusedError, 0),
        ("error", smtplib.SMTPDataError, 0),
        ("drop", smtplib.SMTPServerDisconnected, 1),
        ("slow", smtplib.SMTPServerDisconnected, 1),
    ],
)
def test_the_mail_server_fails_as_told_and_recovers(world, monkeypatch, mode, error, arrived):
    monkeypatch.setattr(outside, "PATIENCE", 1.0)
    outside.switch("smtp", mode)
    with pytest.raises(error):
        send(mode)
    outside.switch("smtp", "up")
    assert [mail["subject"] for mail in kept(world, "mails")].count(mode) == arrived
    send(mode)
    assert kept(world, "mails")[-1]["subject"] == mode


@pytest.mark.parametrize(
    ("mode", "error", "happened"),
    [
        ("down", ConnectionRefusedError, 0),
        ("error", outside.Rejected, 0),
        ("drop", ConnectionResetError, 1),
        ("slow", TimeoutError, 1),
    ],
)
def test_the_payment_provider_fails_as_told_and_tells_what_happened(world, monkeypatch, mode, error, happened):
    outside.switch("payment", mode)
    with monkeypatch.context() as patch:
        patch.setattr(outside, "PATIENCE", 0.5)
        with pytest.raises(error):
            charge(mode)
    outside.switch("payment", "up")
    assert len(charges(mode)) == happened
    charge(mode)
    assert len(charges(mode)) == 1


def test_a_question_is_answered_even_where_work_is_cut_off(world):
    outside.switch("payment", "drop")
    with pytest.raises(ConnectionResetError):
        charge("cut")
    assert [row["amount"] for row in charges("cut")] == ["12.50"]


def test_a_key_charges_once_and_only_for_one_thing(world):
    assert charge("once") == charge("once")
    with pytest.raises(outside.Rejected) as other:
        charge("once", amount="13.00")
    assert (other.value.status, other.value.code) == (422, "key_reused")
    assert len(charges("once")) == 1


def refund(payment_id, key):
    return outside.call("payment", "POST", "/refunds", json_body={"payment_id": payment_id}, key=key)


def refunds(key):
    return outside.call("payment", "GET", f"/refunds?key={key}")["refunds"]


def test_a_payment_is_refunded_once(world):
    payment = charge("regretted")["payment_id"]
    assert refund(payment, "undo") == refund(payment, "undo") == refunds("undo")[0]
    assert refunds("undo")[0]["amount"] == CHARGE["amount"]
    assert [row["payment_id"] for row in kept(world, "refunds")].count(payment) == 1
    assert f"{payment}: 12.50 for order A-1 (refunded)" in page()[1]
    for payment_id, key in ((payment, "another"), (charge("kept")["payment_id"], "undo")):
        with pytest.raises(outside.Rejected) as refusal:
            refund(payment_id, key)
        assert (refusal.value.status, refusal.value.code) == (409, "refunded_already")


def test_a_refund_whose_answer_was_cut_off_happened_once(world):
    payment = charge("cut-refund")["payment_id"]
    outside.switch("payment", "drop")
    with pytest.raises(ConnectionResetError):
        refund(payment, "cut-undo")
    outside.switch("payment", "up")
    assert refund(payment, "cut-undo") == refunds("cut-undo")[0]


@pytest.mark.parametrize(("key", "status", "code"), [(None, 400, "bad_request"), ("undo", 404, "no_such_payment")])
def test_a_refund_that_cannot_be_is_refused(world, key, status, code):
    with pytest.raises(outside.Rejected) as refusal:
        refund("pay_none", key)
    assert (refusal.value.status, refusal.value.code) == (status, code)


@pytest.mark.parametrize(
    ("key", "changes", "status", "code"),
    [
        (None, {}, 400, "bad_request"),
        ("odd", {"amount": "much"}, 400, "bad_request"),
        ("odd", {"amount": "NaN"}, 400, "bad_request"),
        ("odd", {"amount": "1e30"}, 400, "bad_request"),
        ("odd", {"amount": "0"}, 400, "bad_request"),
        ("big", {"amount": "5000.01"}, 402, "declined"),
    ],
)
def test_a_charge_that_cannot_be_is_refused(world, key, changes, status, code):
    with pytest.raises(outside.Rejected) as refusal:
        charge(key, **changes)
    assert (refusal.value.status, refusal.value.code) == (status, code)


def test_a_repeated_put_leaves_one_contact(world):
    for key in ("first", "first", "second"):
        contact = outside.call("crm", "PUT", "/contacts/ada@example.com", json_body={"name": "Ada"}, key=key)
    assert contact["revision"] == 2
    assert len(outside.call("crm", "GET", "/contacts")["contacts"]) == 1


def test_the_crm_cuts_off_and_has_kept_the_contact(world):
    outside.switch("crm", "drop")
    with pytest.raises(ConnectionResetError):
        outside.call("crm", "PUT", "/contacts/cut@example.com", json_body={}, key="cut")
    assert "cut@example.com" in [row["email"] for row in outside.call("crm", "GET", "/contacts")["contacts"]]


@pytest.mark.parametrize("raw", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"\xff\r\n\r\n"])
def test_what_is_no_request_gets_a_400(world, raw):
    with socket.create_connection((addresses.HOST, addresses.current().crm), timeout=5) as connection:
        connection.sendall(raw)
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def page(method="GET", path="/", body=None, **headers):
    connection = http.client.HTTPConnection(addresses.HOST, addresses.current().control, timeout=5)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_the_page_stops_and_starts_the_mail_server(world):
    assert page("POST", "/mode", "server=smtp&mode=down")[0] == 303
    assert '<section class="down"><h2>The mail server</h2>' in page()[1]
    with pytest.raises(ConnectionRefusedError):
        send("never")
    assert page("POST", "/mode", "server=smtp&mode=ok")[0] == 303
    send("again")
    assert "ada@example.com: again" in page()[1]


def test_the_page_escapes_what_the_world_was_sent(world):
    send("<script>alert(1)</script>")
    assert "<script>" not in page()[1]
    assert "&lt;script&gt;" in page()[1]


def test_another_site_may_not_press_the_buttons(world):
    status, _ = page("POST", "/mode", "server=smtp&mode=down", Origin="https://example.com")
    assert status == 403
    assert outside.state()["smtp"]["mode"] == "ok"


@pytest.mark.parametrize(("server", "mode"), [("smtp", "sideways"), ("nobody", "down")])
def test_unknown_words_are_refused(world, server, mode):
    with pytest.raises(ValueError, match="choose one of"):
        outside.switch(server, mode)


def test_a_busy_port_gets_the_next_free_one(tmp_path, monkeypatch):
    monkeypatch.setenv("DO_DATA", str(tmp_path))
    with socket.create_server((addresses.HOST, 0)) as busy:
        taken = busy.getsockname()[1]
        with demo_world(tmp_path, DEMO_CRM_PORT=str(taken)):
            assert addresses.current().crm != taken
            assert outside.call("crm", "GET", "/contacts") == {"contacts": []}


def test_a_second_set_of_servers_is_refused(world):
    command = [sys.executable, "-m", "doplatform.demo.servers"]
    second = subprocess.run(command, cwd=BASE, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert "running already" in second.stderr


def test_a_stop_is_quick_and_a_restart_remembers_the_charges(tmp_path, monkeypatch):
    monkeypatch.setenv("DO_DATA", str(tmp_path))
    with demo_world(tmp_path, DEMO_SLOW_SECONDS="30") as process:
        charge("before")
        outside.switch("payment", "slow")
        monkeypatch.setattr(outside, "PATIENCE", 0.2)
        with pytest.raises(TimeoutError):
            charge("unanswered")
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - asked < 1
    with pytest.raises(ConnectionError, match="not running"):
        addresses.current()
    monkeypatch.setattr(outside, "PATIENCE", 5)
    with demo_world(tmp_path):
        assert [len(charges(key)) for key in ("before", "unanswered")] == [1, 1]
