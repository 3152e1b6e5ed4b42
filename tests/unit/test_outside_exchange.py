"""One exchange with servers that behave in every way that servers do: what is known after it, and what was connected to."""

import datetime as dt
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actions.errors import AnswerUnfit, BlockedDestination, ReplyLost, Unreachable
from actions.outside import exchange
from actions.outside.address import Rules
from tests.provider import Provider, answer, drips, drips_headers, hangs, provider, resets

QUICK = 0.5


def send(one: Provider | str, *, rules: Rules | None = None, timeout: float = 5.0, **options: Any) -> exchange.Answer:
    url = one if isinstance(one, str) else one.url
    known = rules or Rules.of([one.place] if isinstance(one, Provider) else [], http=True)
    return exchange.send("POST", url, headers={"X-Own": "1"}, body=b'{"a":1}', rules=known, timeout=timeout, **options)


def test_a_request_and_its_answer():
    with provider(answer(201, {"b": 2}, X_Mine="yes")) as one:
        got = send(one)
    assert (got.status, got.body, got.headers["x-mine"]) == (201, b'{"b": 2}', "yes")
    (request,) = one.ledger
    assert (request.method, request.path, request.body) == ("POST", "/do", b'{"a":1}')
    assert request.headers == {
        "host": one.place, "accept-encoding": "identity", "connection": "close", "x-own": "1", "content-length": "7",
    }  # fmt: skip


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with provider() as one:
        assert send(one).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int):
    with provider(answer(status, Location="http://169.254.169.254/latest/meta-data/")) as one:
        assert send(one).status == status
    assert one.connections == 1


@pytest.mark.parametrize("way", [hangs, drips, drips_headers, resets], ids=lambda way: way.__name__)
def test_a_reply_that_does_not_come_leaves_a_doubt(way: Any):
    with provider(way) as one:
        start = time.monotonic()
        with pytest.raises(ReplyLost):
            send(one, timeout=QUICK)
        assert time.monotonic() - start < QUICK + 0.5
    assert len(one.ledger) == 1


def test_cut_before_anything_was_read_is_not_known_to_be_undone():
    with provider(deaf=True) as one, pytest.raises((ReplyLost, Unreachable)):
        send(one)


def test_nobody_listens():
    with provider() as one:
        one.down()
        with pytest.raises(Unreachable, match="nothing was sent"):
            send(one)


def test_an_answer_that_is_too_long_is_not_read_to_its_end():
    with provider(answer(200, b"x" * 2_000_000)) as one, pytest.raises(AnswerUnfit, match="answered 200"):
        send(one)
    with provider(answer(503, b"x" * 2_000_000)) as one:
        got = send(one)
    assert (got.status, len(got.body)) == (503, exchange.LONGEST_ANSWER)


# Names


def test_a_name_is_resolved_once_and_the_address_is_kept():
    asked = []

    def resolver(host: str, port: int, timeout: float) -> list[str]:
        asked.append(host)
        # A rebinding name: public when it is judged, of the inside when somebody asks again.
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with provider() as one:
        rules = Rules.of(["127.0.0.0/8", f"rebinding.example:{one.port}"], http=True)
        got = send(f"http://rebinding.example:{one.port}/x", rules=rules, resolver=resolver)
    assert got.status == 200
    assert asked == ["rebinding.example"]
    assert one.ledger[0].headers["host"] == f"rebinding.example:{one.port}"


@pytest.mark.parametrize(
    "found",
    [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"], ["64:ff9b::a9fe:a9fe"]],
)
def test_every_address_of_a_name_must_be_public(found: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    with pytest.raises(BlockedDestination) as refusal:
        send("https://rebinding.example/", resolver=lambda *_: found)
    assert refusal.value.code == "blocked_destination"


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "file:///etc/passwd", "https://user@e.com/"])
def test_what_is_refused_when_kept_is_refused_again_when_sent(url: str):
    with pytest.raises(BlockedDestination):
        send(url)


def test_the_next_address_is_tried_where_the_first_does_not_answer():
    with provider() as one:
        rules = Rules.of([f"two.example:{one.port}"], http=True)
        got = send(f"http://two.example:{one.port}/", rules=rules, resolver=lambda *_: ["127.0.0.2", "127.0.0.1"])
    assert got.status == 200


def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match="cannot be resolved"):
        send("https://nobody.example/")


def test_a_resolver_that_hangs_costs_no_more_than_the_time_there_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(1.5) or [])
    start = time.monotonic()
    with pytest.raises(Unreachable, match="not resolved in time"):
        send("https://slow.example/", timeout=0.2)
    assert time.monotonic() - start < 1


# TLS


@pytest.fixture
def trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A server's certificate for secure.example, trusted here."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "secure.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("secure.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    exchange._trust.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    yield context
    exchange._trust.cache_clear()


def test_tls_is_spoken_with_the_name_although_the_address_is_pinned(trust: ssl.SSLContext):
    names = []
    trust.sni_callback = lambda _line, name, _context: names.append(name)
    with provider(trust=trust) as one:
        rules = Rules.of([f"secure.example:{one.port}"])
        got = send(f"https://secure.example:{one.port}/", rules=rules, resolver=lambda *_: ["127.0.0.1"])
    assert (got.status, names) == (200, ["secure.example"])


def test_another_names_certificate_is_refused_before_anything_is_sent(trust: ssl.SSLContext):
    with provider(trust=trust) as one:
        rules = Rules.of([f"other.example:{one.port}"])
        with pytest.raises(Unreachable, match="certificate"):
            send(f"https://other.example:{one.port}/", rules=rules, resolver=lambda *_: ["127.0.0.1"])
    assert one.asked == []


def test_a_reply_lost_inside_tls_leaves_a_doubt(trust: ssl.SSLContext):
    with provider(hangs, trust=trust) as one:
        rules = Rules.of([f"secure.example:{one.port}"])
        with pytest.raises(ReplyLost):
            send(f"https://secure.example:{one.port}/", rules=rules, resolver=lambda *_: ["127.0.0.1"], timeout=QUICK)
    assert len(one.ledger) == 1


# What the answer says


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), (" 120 ", 120.0), ("-1", None), ("soon", None), ("", None), ("9" * 40, 999_999_999.0), ("٣", None)],
)
def test_retry_after_in_seconds(text: str, seconds: float | None):
    assert exchange.Answer(503, {"retry-after": text}, b"").retry_after == seconds


def test_retry_after_as_a_date():
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90)
    text = later.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert exchange.Answer(503, {"retry-after": text}, b"").retry_after == pytest.approx(90, abs=3)
    past = exchange.Answer(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"")
    assert past.retry_after == 0.0
