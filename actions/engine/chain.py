"""One link of the chain of seals: what is signed, with which key, and how it reads outside the database."""

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings

from actions import conf

FORMAT = 1
"""Of the signed body and of the hashed entries; another one would be verified by other code."""
BEGINNING = (-(2**63), -(2**63))
"""Where the first seal begins: before every (xid, id), so that no entry can stand below it."""
NOTHING = "0" * 64
"""What the first seal calls the previous one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A seal, without its marks."""

    number: int
    previous: str
    root: str
    first_xid: int
    first_id: int
    last_xid: int
    last_id: int
    count: int
    horizon_xid: int
    horizon_id: int
    at: int
    """Microseconds since 1970, UTC: a number is written in one way only."""
    key: str
    signature: str = ""

    @property
    def horizon(self) -> tuple[int, int]:
        """The (xid, id) before which everything is sealed."""
        return self.horizon_xid, self.horizon_id

    @property
    def moment(self) -> datetime:
        """When it was sealed."""
        return _EPOCH + self.at * _MICROSECOND

    @property
    def digest(self) -> str:
        """What the next seal calls this one: SHA-256 over body and signature."""
        return hashlib.sha256(self.body() + self.signature.encode()).hexdigest()

    def body(self) -> bytes:
        """The signed bytes: numbers and hex digits only, so that sorted compact JSON is canonical."""
        content = asdict(self)
        del content["signature"]
        return json.dumps({"format": FORMAT, **content}, sort_keys=True, separators=(",", ":")).encode()

    def line(self) -> str:
        """One line of an exported anchor."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True, separators=(",", ":"))


def parse(line: str) -> Link:
    """The link in one line of an anchor. Raises ValueError."""
    content: Any = json.loads(line)
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise ValueError("not a seal of this format")
    for name, kind in _KINDS.items():
        if type(content.get(name)) is not kind:
            raise ValueError(f"{name} is missing or of another type")
    if content.keys() != _KINDS.keys():
        raise ValueError("it has fields that no seal has")
    return Link(**content)


_KINDS: dict[str, type] = {name: int if kind is int else str for name, kind in Link.__annotations__.items()}


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def signing_key() -> tuple[str, bytes]:
    """The id and the bytes of the key that signs now."""
    given = conf.get().SEAL_KEY
    secret = given.encode() if given else _derived(settings.SECRET_KEY)
    return _key_id(secret), secret


def known_keys() -> dict[str, bytes]:
    """Every key that may have signed, by id: today's, the old ones, and those derived from Django's secret keys."""
    given = conf.get()
    secrets = [key.encode() for key in (given.SEAL_KEY, *given.SEAL_OLD_KEYS) if key]
    secrets += [_derived(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return {_key_id(secret): secret for secret in secrets}


def sign(link: Link, secret: bytes) -> str:
    """HMAC-SHA256 over the body, in hex."""
    return hmac.digest(secret, link.body(), "sha256").hex()


def fault_of(link: Link, keys: dict[str, bytes]) -> str:
    """Why the signature does not hold; empty when it does."""
    secret = keys.get(link.key)
    if secret is None:
        return (
            f"is signed with the key {link.key[:16]}, which is not known here; if the key was changed on purpose, put the old "
            'one into DOPLATFORM["SEAL_OLD_KEYS"]'
        )
    if not hmac.compare_digest(sign(link, secret).encode(), link.signature.encode()):
        return "does not fit its signature: it was changed, or made without the key"
    return ""


@lru_cache(maxsize=8)
def _derived(secret_key: str) -> bytes:
    return hmac.digest(secret_key.encode(), b"doplatform.seal", "sha256")


def _key_id(secret: bytes) -> str:
    return hmac.digest(secret, b"doplatform.seal.id", "sha256").hex()[:16]
