"""B35, S-07: which URLs may be kept, and which addresses may be connected to."""

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.errors import InvalidInput
from actions.outside.address import NotAllowed, Rules, check_url, is_public, judge, judge_address, read

STRICT = Rules()
LOOSE = Rules.of((), http=True)

B35 = [
    "http://127.0.0.1/", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:169.254.169.254]/", "https://0x7f.1/",
    "https://2130706433/", "https://0177.0.0.1/", "https://127.1/", "https://0x7f000001/", "https://127.0.0.1./",
    "https://localhost/", "https://localhost./", "https://LOCALHOST/", "https://a.localhost/", "file:///etc/passwd",
    "gopher://example.com/", "https://user:pass@example.com/", "https://user@example.com/", "https://example.com:22/",
    "https://example.com:6379/", "https://example.com/a\r\nX: y", "https://example.com/a\nb", "https://example.com\r\n/",
    "https://example.com/a b", "https://example.com/ä", "https://example.com/#part", "https://example.com:/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:443:443/", "https://example.com:４４３/",
    "https:///path", "https://", "//example.com/", "example.com", "", "https:/example.com", "https:\\\\example.com\\",
    "https://example.com\\@127.0.0.1/", "https://127.0.0.1\\.example.com/", "https://example.com%2f@evil.example/",
    "https://example.com%00.evil.example/", "https://[::1%25lo]/", "https://[::1%lo]/", "https://[fe80::1]/",
    "https://[::]/", "https://0.0.0.0/", "https://0/", "https://①②⑦.⓪.⓪.①/", "https://１２７.0.0.1/", "https://127。0。0。1/",
    "https://ex_ample.com/", "https://-a.example/", "https://a..example/", "https://.example/", "https://redis/",
    "https://db.internal/", "https://printer.local/", "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal/", "https://10.0.0.1/", "https://192.168.1.1/", "https://100.64.0.1/",
    "https://224.0.0.1/", "https://240.0.0.1/", "https://255.255.255.255/", "https://[64:ff9b::7f00:1]/",
    "https://[64:ff9b:1::1]/", "https://[2002:7f00:1::]/", "https://[2002:a9fe:a9fe::1]/", "https://[2001:0:4136:e378::1]/",
    "https://[fd00::1]/", "https://[fec0::1]/", "https://[ff02::1]/", "https://[::7f00:1]/", "https://[2001:db8::1]/",
    "https://[2a00:1450::5efe:7f00:1]/", "javascript:alert(1)", "https://example.com/" + "a" * 2_048,
    "http://example.com/", "http://example.com:443/", " https://example.com/", "https://example.com/ ", "\thttps://e.com/",
    "https://exa\tmple.com/", "https://example.com\x00/", "https://example.com/\x7f", "https://xn--a/", "ftp://e.com/",
]  # fmt: skip


@pytest.mark.parametrize("url", B35)
def test_refused_when_it_is_kept(url: str):
    with pytest.raises(InvalidInput) as refusal:
        check_url(url, STRICT, path="callback.url")
    assert refusal.value.code == "url_not_allowed"
    assert refusal.value.path == "callback.url"


@pytest.mark.parametrize("value", [None, 7, b"https://example.com/", ["https://example.com/"]])
def test_what_is_no_text_is_refused(value: object):
    with pytest.raises(InvalidInput, match="a URL is a text"):
        check_url(value, STRICT)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://Example.com", "example.com", 443, "/", "example.com"),
        ("HTTPS://example.com:8443/a/%20b?c=d&e", "example.com", 8443, "/a/%20b?c=d&e", "example.com:8443"),
        ("https://example.com?q=1", "example.com", 443, "/?q=1", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example", 443, "/", "xn--bcher-kva.example"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/", "8.8.8.8"),
        ("https://[2606:4700:4700:0:0:0:0:1111]/", "2606:4700:4700::1111", 443, "/", "[2606:4700:4700::1111]"),
        ("https://example.com/a//b/../c", "example.com", 443, "/a//b/../c", "example.com"),
    ],
)
def test_understood(url: str, host: str, port: int, path: str, authority: str):
    target = check_url(url, STRICT)
    assert (target.host, target.port, target.path, target.authority) == (host, port, path, authority)


@pytest.mark.parametrize("url", ["http://example.com/", "http://example.com:8080/"])
def test_plain_http_where_it_is_allowed(url: str):
    check_url(url, LOOSE)


def test_the_refusal_does_not_repeat_what_may_be_secret():
    with pytest.raises(InvalidInput) as refusal:
        check_url("https://user:hunter2@example.com/?token=hunter2", STRICT)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("10.0.0.0/8", "https://10.1.2.3/"),
        ("10.1.2.3", "https://10.1.2.3/"),
        ("127.0.0.1:9000", "https://127.0.0.1:9000/"),
        ("127.0.0.0/8:9000", "https://127.0.0.1:9000/"),
        ("[::1]:9000", "https://[::1]:9000/"),
        ("::1", "https://[::1]/"),
        ("fd00::/8", "https://[fd00::1]/"),
        ("10.0.0.0/8", "https://[::ffff:10.1.2.3]/"),
        ("billing", "https://billing/"),
        ("Billing:9000", "https://billing:9000/"),
        ("db.internal", "https://db.internal:8443/"),
        ("localhost", "https://localhost/"),
    ],
)
def test_an_entry_allows_what_it_names(entry: str, url: str):
    check_url(url, Rules.of([entry]))


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("10.0.0.0/8", "https://11.0.0.1:9000/"),
        ("10.0.0.0/8", "https://192.168.0.1/"),
        ("10.0.0.0/8", "https://10.1.2.3:22/"),
        ("127.0.0.1:9000", "https://127.0.0.1:9001/"),
        ("127.0.0.1:9000", "https://127.0.0.1/"),
        ("billing", "https://billing:22/"),
        ("billing:9000", "https://billing/"),
        ("billing", "https://billing.lan/"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/"),
    ],
)
def test_an_entry_allows_no_more(entry: str, url: str):
    with pytest.raises(InvalidInput):
        check_url(url, Rules.of([entry]))


@pytest.mark.parametrize("entry", ["", "a b", "host:port", "host:", "http://host", "*.example.com", "10.0.0.0/33"])
def test_an_entry_that_cannot_be_read_is_a_fault(entry: str):
    with pytest.raises(ValueError):
        Rules.of([entry])


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1", "2002:808:808::1", "64:ff9b::808:808", "::ffff:8.8.8.8", "192.0.0.9"]
)
def test_public_addresses(address: str):
    # 192.0.0.9 (PCP anycast) is one that IANA calls global inside a block that is not; older Pythons say no.
    assert is_public(ip_address(address)) or address == "192.0.0.9"


@given(st.ip_addresses(v=6, network="::ffff:0:0/96") | st.ip_addresses(v=6, network="64:ff9b::/96"))
def test_a_wrapped_address_is_as_public_as_the_one_inside(address):
    assert is_public(address) == is_public(ip_address(address.packed[12:]))


@given(st.ip_addresses(v=6, network="2002::/16"))
def test_6to4_is_at_most_as_public_as_the_one_inside(address):
    assert not is_public(address) or is_public(address.sixtofour)


@given(
    st.sampled_from(
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "0.0.0.0/8",
         "224.0.0.0/4", "240.0.0.0/4", "198.18.0.0/15"]
    ).flatmap(lambda network: st.ip_addresses(network=network))
)  # fmt: skip
def test_no_address_of_an_inner_network_is_public(address):
    assert not is_public(address)
    with pytest.raises(NotAllowed):
        judge_address(address, read("https://example.com/"), STRICT)


_SPELLINGS = [
    lambda n: str(n), hex, lambda n: f"0{n:o}", lambda n: f"{n >> 24}.{n & 0xFFFFFF}",
    lambda n: f"0x{n >> 24:x}.0x{n >> 16 & 255:x}.{n & 0xFFFF}", lambda n: ".".join(f"0{b:o}" for b in n.to_bytes(4)),
    lambda n: ".".join(f"{b:03d}" for b in n.to_bytes(4)), lambda n: socket.inet_ntoa(n.to_bytes(4)),
    lambda n: socket.inet_ntoa(n.to_bytes(4)) + ".", lambda n: f"[::ffff:{socket.inet_ntoa(n.to_bytes(4))}]",
    lambda n: f"[64:ff9b::{n >> 16:x}:{n & 0xFFFF:x}]", lambda n: f"[2002:{n >> 16:x}:{n & 0xFFFF:x}::1]",
]  # fmt: skip


@given(st.ip_addresses(v=4, network="127.0.0.0/8"), st.sampled_from(_SPELLINGS))
def test_no_spelling_of_loopback_gets_through(address, spelling):
    with pytest.raises(InvalidInput):
        check_url(f"https://{spelling(int(address))}/", STRICT)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_stands_for_the_host_is_understood_in_one_way_or_refused(host: str):
    try:
        target = read(f"https://{host}/")
        judge(target, STRICT)
    except NotAllowed:
        return
    assert target.host.isascii()
    assert not set(target.host) & set("/?#@\\%[] \r\n\t\x00")
    if target.literal is None:
        assert not target.host.rpartition(".")[2].isdigit()
        # The C library takes none of these names for an address.
        with pytest.raises(OSError):
            socket.inet_aton(target.host)


@given(st.text(max_size=60))
def test_any_text_is_judged_without_an_accident(text: str):
    for url in (text, f"https://example.com/{text}", f"https://{text}"):
        try:
            target = check_url(url, STRICT)
        except InvalidInput as refusal:
            assert refusal.code == "url_not_allowed"
        else:
            assert target.path.isascii()
            assert not any(ord(character) <= 32 or ord(character) == 127 for character in target.path)
