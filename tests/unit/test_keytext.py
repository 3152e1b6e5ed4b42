"""The text of an API key: its format, its checksum, and dots in its place (S-01)."""

import re
import string
import zlib

from hypothesis import given
from hypothesis import strategies as st

from actions.values import keytext

WHOLE = re.compile(r"do_live_[0-9a-z]{8}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}")
LETTERS = string.digits + string.ascii_letters + "_"


def test_a_new_key_has_the_format_and_its_own_checksum():
    made = keytext.make()
    assert WHOLE.fullmatch(made.text)
    assert keytext.id_in(made.text) == made.id
    assert made.text.startswith(f"do_live_{made.id}_")


def test_the_checksum_is_the_crc32_of_all_before_in_base_62():
    body = "do_live_00000000_" + "0" * 43
    number, digits = zlib.crc32(body.encode()), string.digits + string.ascii_uppercase + string.ascii_lowercase
    expected = "".join(digits[number // 62**place % 62] for place in range(5, -1, -1))
    assert keytext.checksum(body) == expected
    assert keytext.id_in(f"{body}_{expected}") == "00000000"


def test_secrets_are_256_bits_from_the_system_and_never_twice(monkeypatch):
    asked = []
    real = keytext.secrets.randbits

    def randbits(bits):
        asked.append(bits)
        return real(bits)

    monkeypatch.setattr(keytext.secrets, "randbits", randbits)
    texts = {keytext.make().text for _ in range(200)}
    assert (len(texts), set(asked)) == (200, {256})
    assert 62**43 >= 2**256


def test_the_largest_secret_fits():
    assert keytext._base62(2**256 - 1, 43) != keytext._base62((2**256 - 1) // 62, 43)
    assert len(keytext._base62(2**256 - 1, 43)) == 43


@given(st.integers(0, 65), st.sampled_from(LETTERS))
def test_one_wrong_character_is_seen(place: int, letter: str):
    text = keytext.make().text
    changed = text[:place] + letter + text[place + 1 :]
    assert keytext.id_in(changed) is None or changed == text


@given(st.text())
def test_no_other_text_is_a_key(text: str):
    assert keytext.id_in(text) is None
    assert keytext.id_in(keytext.make().text + text) is None or not text
    assert keytext.id_of(text) == "" or re.fullmatch(r"[0-9a-z]{8}", keytext.id_of(text))


def test_a_key_is_not_in_the_repr_of_what_holds_it():
    made = keytext.make()
    assert made.text not in repr(made)
    assert made.id in repr(made)


@given(st.text(), st.text())
def test_dots_stand_where_a_key_stood(before: str, after: str):
    made = keytext.make()
    secret = made.text.split("_")[3]
    assert secret not in keytext.without_keys(f"{before}{made.text}{after}")
    assert f"do_live_{made.id}" in keytext.without_keys(f"{before}{made.text}{after}")


def test_a_key_that_was_cut_off_is_dotted_too():
    text = keytext.make().text
    for length in range(18, len(text)):
        assert keytext.without_keys(text[:length]) == f"{text[:16]}_••••"


@given(st.text(alphabet=st.characters(exclude_characters="_")))
def test_other_texts_stay_as_they_are(text: str):
    assert keytext.without_keys(text) == text


def test_a_key_is_named_by_its_id_alone():
    assert keytext.id_of(" do_live_abc12345 ") == keytext.id_of("abc12345") == "abc12345"
    assert keytext.id_of(keytext.make().text) == ""


@given(st.binary(min_size=16, max_size=32))
def test_a_digest_gives_an_id(digest: bytes):
    assert keytext.id_of(keytext.id_from(digest)) == keytext.id_from(digest)
