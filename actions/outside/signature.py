"""Standard Webhooks (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

PREFIX = "whsec_"
_SIZES = range(24, 65)


def is_secret(text: object) -> bool:
    """Whether it is a signing secret: whsec_ and 24 to 64 bytes in base 64."""
    if not isinstance(text, str) or not text.startswith(PREFIX):
        return False
    try:
        return len(base64.b64decode(text.removeprefix(PREFIX), validate=True)) in _SIZES
    except (binascii.Error, ValueError):
        return False


def as_secret(key: bytes) -> str:
    """A key as a signing secret."""
    return PREFIX + base64.b64encode(key).decode()


def signed(body: bytes, *, message: str, secrets: Sequence[str]) -> dict[str, str]:
    """Headers that sign a body now; with one signature for each secret, so that a receiver can change over."""
    now = datetime.now(UTC)
    text = body.decode()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(message, now, text) for secret in secrets),
    }
