"""Secret params: encrypted beside the execution, dots everywhere else."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from actions import conf
from actions.errors import DoplatformError

DOTS = "••••"
_SHORTEST = 4


class SecretUnreadable(DoplatformError):
    """The secret params cannot be decrypted with the keys in DOPLATFORM["SECRET_KEYS"]. They are kept; put the old key
    back behind the new one, and retry."""

    code = "secret_unreadable"


def encrypt(params: dict[str, Any]) -> bytes:
    """Ciphertext of secret params."""
    return _box(conf.get().SECRET_KEYS, settings.SECRET_KEY).encrypt(json.dumps(params).encode())


def decrypt(ciphertext: bytes | memoryview) -> dict[str, Any]:
    """The secret params again. Raises SecretUnreadable."""
    try:
        plain = _box(conf.get().SECRET_KEYS, settings.SECRET_KEY).decrypt(bytes(ciphertext))
    except InvalidToken:
        raise SecretUnreadable from None
    params: dict[str, Any] = json.loads(plain)
    return params


def merge(text: str, plain: dict[str, Any]) -> str:
    """Stored params with their secrets put back, as JSON text for the handler's schema."""
    return json.dumps({**json.loads(text), **plain})


def sealed(params: dict[str, Any], secret: Collection[str]) -> dict[str, Any]:
    """Params to be kept as one JSON value: dots where secrets stand, and those beside them, encrypted."""
    hidden = {name: value for name, value in params.items() if name in secret and value != DOTS}
    shown = {name: DOTS if name in secret else value for name, value in params.items()}
    return {"params": shown, "secret": encrypt(hidden).decode() if hidden else None}


def opened(kept: dict[str, Any]) -> dict[str, Any]:
    """What was sealed. Raises SecretUnreadable."""
    plain = decrypt(kept["secret"].encode()) if kept["secret"] else {}
    return {**kept["params"], **plain}


def texts(plain: Any) -> list[str]:
    """What must not show in the texts of an error: every string among these secrets that is long enough to be one."""
    return [found for found in _strings(plain) if len(found) >= _SHORTEST]


def _strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def fingerprint_key() -> bytes:
    """HMAC key for fingerprints of params with secrets: a bare hash of a short secret could be guessed."""
    return hmac.digest(settings.SECRET_KEY.encode(), b"doplatform.fingerprint", hashlib.sha256)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...], secret_key: str) -> MultiFernet:
    derived = hmac.digest(secret_key.encode(), b"doplatform.secrets", hashlib.sha256)
    # Last, so that what was stored before the first key was set stays readable.
    return MultiFernet([*(Fernet(key) for key in keys), Fernet(base64.urlsafe_b64encode(derived))])
