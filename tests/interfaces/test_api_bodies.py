"""Bodies and headers that are not as they should be: B01 to B12, B27, B29, B30, B39. Never a 5xx, never a row."""

import gzip
import json
from typing import Any

import pytest

from tests.interfaces.api import Api, api, caller, forget
from tests.stage import engine, rows, value

__all__ = ["api", "caller", "engine"]
ECHO = "actions/test-echo/executions"
BAD: dict[str, tuple[bytes, int, str, str | None]] = {
    "B01 empty": (b"", 400, "invalid_json", None),
    "B01 blank": (b" \n ", 400, "invalid_json", ""),
    "B01 no json": (b"value=1", 400, "invalid_json", ""),
    "B01 truncated": (b'{"params": {"value": [1,', 400, "invalid_json", None),
    "B01 trailing": (b'{"params": {}} x', 400, "invalid_json", ""),
    "B02 list": (b"[1]", 400, "invalid_body", ""),
    "B02 text": (b'"x"', 400, "invalid_body", ""),
    "B02 null": (b"null", 400, "invalid_body", ""),
    "B04 invalid utf-8": (b'{"params": {"value": "\xff"}}', 400, "invalid_encoding", ""),
    "B04 utf-16": ('{"params": {"value": 1}}'.encode("utf-16-le"), 400, "invalid_encoding", ""),
    "B04 utf-16 with mark": ('{"params": {"value": 1}}'.encode("utf-16"), 400, "invalid_encoding", ""),
    "B04 mark": (b'\xef\xbb\xbf{"params": {"value": 1}}', 400, "invalid_encoding", ""),
    "B05 too large": (b'{"params": {"value": "' + b"x" * 300_000 + b'"}}', 413, "payload_too_large", None),
    "B06 deep": (b'{"params": {"value": ' + b"[" * 3_000 + b"]" * 3_000 + b"}}", 400, "too_deep", None),
    "B07 keys": (
        b'{"params": {"value": {' + b",".join(b'"k%d":0' % n for n in range(20_000)) + b"}}}", 400, "too_many_values", "",
    ),
    "B07 elements": (b'{"params": {"value": [' + b"0," * 100_000 + b"0]}}", 400, "too_many_values", ""),
    "B08 twice": (b'{"params": {"value": {"a": [{"b": 1, "b": 2}]}}}', 400, "duplicate_key", "params.value.a[0].b"),
    "B08 twice outside": (b'{"params": {}, "params": {}}', 400, "duplicate_key", "params"),
    "B09 nan": (b'{"params": {"value": NaN}}', 400, "invalid_number", "params.value"),
    "B09 infinity": (b'{"params": {"value": [-Infinity]}}', 400, "invalid_number", "params.value[0]"),
    "B10 digits": (b'{"params": {"value": ' + b"9" * 5_000 + b"}}", 400, "number_out_of_range", "params.value"),
    "B10 integer": (b'{"params": {"value": 9007199254740992}}', 400, "number_out_of_range", "params.value"),
    "B10 overflow": (b'{"params": {"value": 1e400}}', 400, "number_out_of_range", "params.value"),
    "B10 float": (b'{"params": {"value": 1e308}}', 400, "number_out_of_range", "params.value"),
    "B11 nul": (b'{"params": {"value": "a\\u0000b"}}', 400, "nul_not_allowed", "params.value"),
    "B11 nul in a key": (b'{"params": {"value": {"a\\u0000": 1}}}', 400, "nul_not_allowed", None),
    "B11 control": (b'{"params": {"value": "a\x01b"}}', 400, "nul_not_allowed", "params.value"),
    "B12 surrogate": (b'{"params": {"value": "\\ud800"}}', 400, "invalid_unicode", "params.value"),
    "string": (b'{"params": {"value": "' + b"x" * 70_000 + b'"}}', 400, "string_too_long", "params.value"),
    "key": (b'{"params": {"value": {"' + b"k" * 300 + b'": 1}}}', 400, "key_too_long", None),
    "no params": (b"{}", 422, "invalid_request", "params"),
    "params no object": (b'{"params": []}', 422, "invalid_request", "params"),
}  # fmt: skip


def test_bodies(api: Api):
    """B01, B02, B04 to B12: with the path of the fault, and for syntax its line and column"""
    for row, (body, status, code, path) in BAD.items():
        answer = api.post(ECHO, body)
        assert (answer.status, answer.code) == (status, code), row
        if path is not None:
            assert answer.paths() == [path], row
        if code == "invalid_json":
            assert "line" in answer.json["detail"], row
            assert "column" in answer.json["detail"], row
    assert "262,144 bytes" in api.post(ECHO, BAD["B05 too large"][0]).json["detail"]
    assert value("SELECT count(*) FROM actions_execution") == 0


def test_a_million_values_cost_little(api: Api):
    """B07: also where the size allows them (bulk), reading stops at the limit, far before the end that is no JSON"""
    body = b'{"items": [{"params": {"value": [' + b"0," * 1_000_000 + b"0]]}}]"
    answer = api.post(f"{ECHO}/bulk", body)
    assert (answer.status, answer.code) == (400, "too_many_values")


def test_content_types(api: Api):
    """B03, and the gzip of B05"""
    for kind in ("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/xml",
                 "application/json; charset=latin1", "application/json; version=2", "application/jsonx", "json"):  # fmt: skip
        answer = api.start("test-noop", content_type=kind)
        assert (answer.status, answer.code) == (415, "unsupported_media_type"), kind
    for kind in ("application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
        assert api.start("test-noop", content_type=kind).status == 202, kind
    packed = api.post(ECHO, gzip.compress(b'{"params": {"value": 1}}'), CONTENT_ENCODING="gzip")
    assert (packed.status, packed.code) == (415, "unsupported_media_type")
    assert api.post(ECHO, b'{"params": {"value": 1}}', CONTENT_ENCODING="identity").status == 202


def test_lengths(api: Api):
    """B05: missing, odd, lying, in chunks"""
    from django.test import Client

    def sent(body: bytes, **meta: Any) -> tuple[int, str]:
        meta = {"CONTENT_TYPE": "application/json", "HTTP_AUTHORIZATION": f"Bearer {api.key}", **meta}
        response = Client().post(f"/api/v1/{ECHO}", body, **{"content_type": "application/json", **meta})
        return response.status_code, response.json()["code"]

    body = b'{"params": {"value": 1}}'
    assert sent(body, CONTENT_LENGTH="") == (411, "length_required")
    assert sent(body, HTTP_TRANSFER_ENCODING="chunked") == (411, "length_required")
    assert sent(body, CONTENT_LENGTH="-5") == (400, "invalid_content_length")
    assert sent(body, CONTENT_LENGTH="1e3") == (400, "invalid_content_length")
    assert sent(body, CONTENT_LENGTH="9" * 30) == (400, "invalid_content_length")
    assert sent(body, CONTENT_LENGTH="999999999") == (413, "payload_too_large")
    assert sent(body, CONTENT_LENGTH="20") == (400, "invalid_json")


def test_accept(api: Api):
    """B39"""
    for accept in ("*/*", "application/*", "application/json", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html",
                   "image/png, application/json;q=0.5", "application/problem+json", "application/hal+json", ""):  # fmt: skip
        answer = api.get("actions", ACCEPT=accept)
        assert (answer.status, answer.kind) == (200, "application/json"), accept
    for accept in ("image/png", "application/xml", "application/json;q=0", "image/*;q=1, text/css"):
        answer = api.get("actions", ACCEPT=accept)
        assert (answer.status, answer.code) == (406, "not_acceptable"), accept


def test_methods(api: Api):
    """B27: 405 with Allow; HEAD is GET without its body, OPTIONS says what there is"""
    refused = api.send("DELETE", "actions")
    assert (refused.status, refused.code, refused.headers["Allow"]) == (405, "method_not_allowed", "GET, HEAD, OPTIONS")
    assert api.get(ECHO).headers["Allow"] == "OPTIONS, POST"
    for method in ("PUT", "PATCH", "TRACE", "GETT"):
        assert api.send(method, ECHO).status == 405
    options = api.send("OPTIONS", "executions")
    assert (options.status, options.raw, options.headers["Allow"]) == (204, b"", "GET, HEAD, OPTIONS")
    got, head = api.get("actions"), api.send("HEAD", "actions")
    assert (head.status, head.raw, head.headers["Content-Length"]) == (200, b"", str(len(got.raw)))
    assert api.send("HEAD", "executions/nothing").status == 404
    assert api.send("HEAD", ECHO).status == 405


def test_unknown_paths(api: Api):
    """Whatever is below /api/ is answered as the API answers"""
    for path in ("/api/", "/api/v1", "/api/v1/", "/api/v2/actions", "/api/v1/actions/", "/api/v1/%00", "/api/v1/actions/a/b/c",
                 "/api/v1/executions/../actions", "/api/v1/' OR 1=1"):  # fmt: skip
        answer = api.send("GET", path)
        assert (answer.status, answer.code) == (404, "not_found"), path
    assert api.client.get("/nothing").headers["Content-Type"].startswith("text/html")


def test_queries(api: Api):
    """B29: 400 with the path of every fault"""
    for query in ({"limit": "abc"}, {"limit": "0"}, {"limit": "-1"}, {"limit": "201"}, {"limit": "9" * 30}, {"cursor": "garbage"},
                  {"cursor": "exec_"}, {"sort": "unknown"}, {"page": "1"}, {"strange": ""},
                  {"action": "x" * 101}):  # fmt: skip
        answer = api.get("executions", query)
        assert (answer.status, answer.code, answer.paths()) == (400, "invalid_query", list(query)), query
    assert api.get("executions", {"status": "lost"}).paths() == ["status[0]"]
    both = api.get("executions", {"limit": "x", "sort": "y"})
    assert sorted(both.paths()) == ["limit", "sort"]
    assert api.send("GET", "/api/v1/executions?limit=1&limit=2").code == "invalid_query"
    assert api.get("audit", {"cursor": str(2**70)}).code == "invalid_query"
    assert api.get("actions", {"x": "y"}).code == "invalid_query"
    for odd in ("\x00", "'", "%", "\\", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")):
        assert (
            api.get("executions", {"queue": odd, "action": odd, "tag": odd, "idempotency_key": odd}).json["items"] == []
        )


def test_waits(api: Api):
    """B30: refused where it is no number, cut to 60 seconds with a header that says so"""
    url = api.start("test-noop").json["url"]
    for wait in ("-1", "abc", "", "1e3", "nan", "inf", "0x10", "1.2.3", "9" * 12):
        assert api.get(url, {"wait": wait}).code == "invalid_wait", wait
        assert api.start("test-noop", PREFER=f"wait={wait}").code == "invalid_wait", wait
    assert api.start("test-noop", PREFER="wait").code == "invalid_wait"
    assert api.start("test-noop", PREFER="respond-async, handling=strict").status == 202
    none = api.start("test-noop", PREFER="wait=0")
    assert (none.status, none.headers["Preference-Applied"]) == (202, "wait=0")
    rows("UPDATE actions_execution SET status = 'cancelled', finished_at = now()")
    assert api.get(url, {"wait": "99999"}).headers["Preference-Applied"] == "wait=60"
    assert api.get(url, PREFER='wait="5"').headers["Preference-Applied"] == "wait=5"


def test_request_ids(api: Api):
    """The client's, where it is a short token; else a new one"""
    assert api.get("actions", X_REQUEST_ID="abc-1.2_3").headers["X-Request-Id"] == "abc-1.2_3"
    for odd in ("", "a b", "x" * 65, "ü", "a\x00", "<script>"):
        given = api.get("actions", X_REQUEST_ID=odd).headers["X-Request-Id"]
        assert given.startswith("req-"), odd
        assert len(given) == 36


def test_pages_and_the_api_name_requests_alike(api: Api):
    """One rule in one place: what is a token here is one there"""
    for sent in ("abc-1.2_3", "a:b", "x" * 65, ""):
        taken = {
            api.client.get(path, headers={"X-Request-Id": sent})["X-Request-Id"]
            for path in ("/login/", "/api/v1/actions", "/healthz")
        }
        assert (taken == {sent}) == (sent == "abc-1.2_3"), sent
        assert sent == "abc-1.2_3" or all(name.startswith("req-") for name in taken)


def test_hosts(api: Api, settings: Any):
    """B38: another Host is refused; X-Forwarded-For is nobody's word"""
    settings.ALLOWED_HOSTS = ["testserver"]
    answer = api.get("actions", HOST="evil.example")
    assert (answer.status, answer.code) == (400, "invalid_host")
    assert api.get("actions", HOST="testserver", X_FORWARDED_FOR="1.2.3.4").status == 200
    assert "1.2.3.4" not in json.dumps(rows("SELECT coalesce(last_used_ip::text, '') FROM actions_apikey"))


def test_the_address_behind_a_proxy(api: Api, settings: Any):
    """B38: what the trusted proxy has seen itself, for keys as for log-ins; nobody's word before it, and none without a proxy"""
    spoofed = {"X_FORWARDED_FOR": "10.0.0.1, 192.0.2.44"}
    ended = "SELECT data->>'address' FROM actions_auditentry WHERE verb = 'access.denied' ORDER BY id"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert api.get("actions", **spoofed).status == 200
    assert value("SELECT host(last_used_ip) FROM actions_apikey") == "192.0.2.44"
    rows("UPDATE actions_apikey SET revoked_at = now(), last_used_at = NULL")
    forget()
    assert api.get("actions", **spoofed).status == 401
    assert rows(ended) == [("192.0.2.44",)]
    settings.SECURE_PROXY_SSL_HEADER = None
    assert api.get("actions", **spoofed).status == 401
    assert rows(ended) == [("192.0.2.44",), ("127.0.0.1",)]


def test_https(api: Api, settings: Any):
    """A key is not taken in clear where HTTPS is the rule, and is not sent on by a redirect"""
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 60
    answer = api.get("actions")
    assert (answer.status, answer.code) == (403, "https_required")
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    secure = api.get("actions", X_FORWARDED_PROTO="https")
    assert secure.status == 200
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=60")


def test_what_nobody_expected(api: Api, monkeypatch: pytest.MonkeyPatch):
    """S-17: a fault of ours is logged, and told as no more than that"""
    from actions.queries import paging

    def broken(*_: Any) -> Any:
        raise RuntimeError("SELECT secrets FROM somewhere")

    monkeypatch.setattr(paging, "actions", broken)
    response = api.client.get("/api/v1/actions", HTTP_AUTHORIZATION=f"Bearer {api.key}")
    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert b"secrets" not in response.content
    assert b"Traceback" not in response.content
