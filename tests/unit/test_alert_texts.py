"""What alerts say, and which addresses of services are taken: both are words alone."""

import json
import socket
from datetime import UTC, datetime
from typing import Any

import pytest

from actions.engine.alerts import texts
from actions.engine.alerts.deliver import hidden
from actions.errors import BlockedDestination, InvalidInput
from actions.outside import services
from actions.outside.address import Rules
from actions.outside.guarded import guarded
from actions.outside.relay import relay

AT = datetime(2026, 11, 28, 6, 30, tzinfo=UTC)
PENDING = {
    "failed": 3, "in_doubt": 1, "first": AT.isoformat(), "last": AT.replace(minute=31).isoformat(),
    "error": "shop.errors.Declined", "message": "card\x1b[31m\n{0.__class__} %s ${x} {{ y }}",
}  # fmt: skip


def test_failures_say_how_many_between_when_and_why():
    said = texts.failures(1, "charge-payment", PENDING)
    assert said.title == "charge-payment: 3 failed, 1 in doubt"
    assert said.text.splitlines() == [
        "Between 2026-11-28 06:30:00 UTC and 2026-11-28 06:31:00 UTC.",
        "The newest: Declined: card\\u001b[31m {0.__class__} %s ${x} {{ y }}",
        "Those in doubt may have had their effect; somebody must say.",
    ]
    assert said.link == "executions/?q=action%3Acharge-payment+state%3Afailed%2Cin_doubt"
    alone = texts.failures(1, "a", {**PENDING, "failed": 1, "in_doubt": 0, "message": ""})
    assert alone.text == "At 2026-11-28 06:30:00 UTC.\nThe newest: Declined"


def test_a_long_cause_is_cut():
    assert len(texts.cause("E", "x" * 5_000)) < 320
    assert texts.cause("", "") == ""
    assert texts.cause("", "odd") == "an error: odd"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.5, "0.5 s"), (59, "59 s"), (600, "10 min"), (7_200, "2 h"), (200_000, "2 days")],
)
def test_times_are_as_people_say_them(seconds: float, said: str):
    assert texts.span(seconds) == said


@pytest.mark.parametrize(
    "call", ["@everyone", "@here", "<!channel>", "<@U123>", "<#C1>", "<&1>", "[pay](https://evil.example)"]
)
def test_what_would_call_somebody_in_a_chat_is_broken(call: str):
    assert call not in texts.tame(f"failed: {call}!")
    assert texts.tame(f"failed: {call}!").replace("\u200b", "") == f"failed: {call}!"


def test_that_it_is_over_says_how_long_it_lasted():
    title, text = texts.recovered("Queue mail: it waits", since=AT, until=AT.replace(minute=55))
    assert title == "Recovered: Queue mail: it waits"
    assert text == "It lasted for 25 min: found at 2026-11-28 06:30:00 UTC, and no more at 2026-11-28 06:55:00 UTC."


def test_an_address_as_mail_servers_say_it_stays_readable():
    assert texts.tame("a < b, 5 @ 3, x[1]") == "a < b, 5 @ 3, x[1]"


# Addresses of services


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", "slack://••••"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "tgram://••••"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://••••"),
        ("mailtos://user:p%40ss@Example.COM?to=a@b.example", "mailtos://example.com"),
        ("mailto://127.0.0.1:2525/?from=a@b.example", "mailto://127.0.0.1:2525"),
        ("ntfys://secret-topic", "ntfys://••••"),
        ("ntfys://secret-topic/other", "ntfys://••••"),
        ("ntfys://user:pass@ntfy.example/topic", "ntfys://ntfy.example"),
        ("gotifys://[2001:db8::1]:8443/token", "gotifys://[2001:db8::1]:8443"),
        ("pagerduty://IntegrationKey@ApiKey", "pagerduty://••••"),
        ("NTFYS://ntfy.example/t", "ntfys://ntfy.example"),
    ],
)
def test_of_an_address_its_scheme_and_a_host_are_shown(address: str, shown: str):
    assert services.read(address.replace("#general", ""), allowed=(), plain=True).shown == shown


@pytest.mark.parametrize(
    "address",
    [
        "json://example.com", "jsons://example.com", "xml://example.com", "form://example.com", "forms://example.com",
        "apprise://example.com/t", "apprises://example.com/t", "exec://x", "file:///etc/passwd", "dbus://", "windows://", "syslog://",
        "rsyslog://example.com", "macosx://", "gnome://", "kodi://example.com", "http://example.com", "hassio://example.com/t",
        "slack", "slack:", "slack:///", "slack://a b/c", "slack://a/\x00", "slack://a\\b", "slack://a/b#c", "slack://" + "a" * 2_100,
        "workflows://h/w/s?template=/etc/passwd", "mailtos://example.com?pgp=yes", "mailtos://example.com?pgpprv=/etc/key",
        "mailtos://example.com?verify=no", "mailtos://example.com?+X-Header=1", "slack://a/b/c?redirect=yes", "slack://a/b/c?attach=/etc/passwd",
        "slack://a/b/c?retry=9", "mailtos://example.com?mode=insecure", "mailtos://example.com?MODE=Insecure", "",
    ],
)  # fmt: skip
def test_what_is_not_known_is_refused(address: str):
    with pytest.raises(InvalidInput) as refusal:
        services.read(address, allowed=(), plain=True)
    assert refusal.value.code == "address_not_allowed"


def test_an_installation_narrows_the_services_and_refuses_those_without_encryption():
    services.read("slack://a/b/c", allowed=("slack",), plain=False)
    for address, allowed in (
        ("slack://a/b/c", ("ntfys",)),
        ("ntfy://ntfy.example/t", ()),
        ("json://x.example", ("json",)),
    ):
        with pytest.raises(InvalidInput):
            services.read(address, allowed=allowed, plain=False)


def test_every_part_of_an_address_that_may_be_a_token_is_hidden_and_its_host_is_not():
    kept = {"address": "mailtos://user:hunter%2F2secret@mail.example.com?to=team@example.com", "secret": "whsec_x"}
    found = hidden(kept, "mailtos://mail.example.com")
    for part in (kept["address"], "whsec_x", "hunter%2F2secret", "hunter/2secret"):
        assert part in found
    assert not {"mailtos", "mail.example.com", "user"} & set(found)


# Connections of a library


def resolving(monkeypatch: Any, *addresses: str) -> None:
    monkeypatch.setattr(
        "actions.outside.guarded._resolve",
        lambda host, port, *_, **__: [(2, 1, 6, "", (one, port)) for one in addresses],
    )


@pytest.mark.parametrize(
    ("host", "port", "addresses"),
    [
        ("rebind.example", 443, ["127.0.0.1"]),
        ("rebind.example", 443, ["93.184.216.34", "10.0.0.1"]),
        ("meta.example", 443, ["169.254.169.254"]),
        ("six.example", 443, ["::1"]),
        ("six.example", 443, ["::ffff:127.0.0.1"]),
        ("localhost", 443, ["93.184.216.34"]),
        ("printer.local", 443, ["93.184.216.34"]),
        ("127.0.0.1", 443, ["127.0.0.1"]),
        ("good.example", 22, ["93.184.216.34"]),
        ("good.example", 80, ["93.184.216.34"]),
        ("good.example", 25, ["93.184.216.34"]),
        (None, 443, ["127.0.0.1"]),
    ],
)
def test_a_name_that_leads_inside_is_refused_whoever_resolves_it(
    monkeypatch: Any, host: Any, port: int, addresses: list[str]
):
    resolving(monkeypatch, *addresses)
    with guarded(Rules()) as refused, pytest.raises(socket.gaierror):
        socket.create_connection((host, port), timeout=1)
    assert len(refused) == 1


def test_what_is_public_or_allowed_is_resolved_and_others_are_not_judged(monkeypatch: Any):
    resolving(monkeypatch, "93.184.216.34")
    with guarded(Rules()):
        assert socket.getaddrinfo("good.example", 465)[0][4] == ("93.184.216.34", 465)
    with guarded(Rules(http=True)):
        assert socket.getaddrinfo("good.example", 25)
    resolving(monkeypatch, "127.0.0.1")
    with guarded(Rules.of(["smtp.inside:2500"])):
        assert socket.getaddrinfo("smtp.inside", 2500)
    assert socket.getaddrinfo("localhost", 22)


def test_another_thread_is_not_judged(monkeypatch: Any):
    import threading

    resolving(monkeypatch, "127.0.0.1")
    found: list[Any] = []
    with guarded(Rules()):
        other = threading.Thread(target=lambda: found.append(socket.getaddrinfo("localhost", 6379)))
        other.start()
        other.join(10)
    assert found


def test_a_service_whose_host_leads_inside_is_called_by_nobody(monkeypatch: Any):
    """S-07: Slack's own host, were its name to lead inside"""
    resolving(monkeypatch, "127.0.0.1")
    with pytest.raises(BlockedDestination, match="is not a public address"):
        relay(
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
            title="t", text="x", scheme="slack", rules=Rules(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "alert", "end"),
    [
        (
            "pagerduty://integration-key@api-key",
            {"event_action": "trigger", "dedup_key": "alr_1"},
            {"event_action": "resolve", "dedup_key": "alr_1"},
        ),
        ("opsgenie://7b2f1c9e-0000-0000-0000-000000000000", {"priority": "P3"}, {"priority": "P5", "message": "over"}),
    ],
)
def test_a_pager_calls_nobody_because_it_is_over(
    monkeypatch: Any, address: str, alert: dict[str, str], end: dict[str, str]
):
    """What Apprise sends, to nobody: the incident that the alert opened is resolved, or it is told as of no weight."""
    import requests

    sent: list[dict[str, Any]] = []

    def post(_url: str, data: str, **_: Any) -> requests.Response:
        sent.append(json.loads(data))
        answer = requests.Response()
        answer.status_code, answer._content = 202, b'{"requestId": "r"}'
        return answer

    monkeypatch.setattr(requests, "post", post)
    said = {"text": "x", "scheme": address.partition(":")[0], "rules": Rules(), "incident": "alr_1"}
    relay(address, title="bad", **said)
    relay(address, title="over", over=True, **said)
    for request, wanted in zip(sent, (alert, end), strict=True):
        assert {name: request.get(name) for name in wanted} == wanted
