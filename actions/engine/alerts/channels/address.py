"""The address of a channel, as it is kept."""

from actions import conf
from actions.engine import secrets
from actions.errors import InvalidInput
from actions.models import AlertChannel
from actions.outside import rules, services
from actions.outside.address import check_url
from actions.outside.signature import is_secret

Kind = AlertChannel.Kind
_LONGEST_SHOWN = 300


def kept(kind: str, address: str, secret: str) -> tuple[str, bytes]:
    """What may be seen of an address, and what is kept. Names are not resolved here: where they lead is judged by every
    delivery. Raises InvalidInput at `kind`, `address` or `secret`."""
    allowed = rules.current()
    address = address.strip()
    if kind == Kind.WEBHOOK:
        if secret and not is_secret(secret):
            raise InvalidInput("secret_invalid", "The secret is whsec_ and 24 to 64 bytes in base 64.", path="secret")
        shown = check_url(address, allowed, path="address").origin
    elif kind == Kind.APPRISE:
        if secret:
            raise InvalidInput("secret_invalid", "Only a webhook is signed.", path="secret")
        shown = services.read(address, allowed=conf.get().ALERT_SCHEMES, plain=allowed.http).shown
    else:
        raise InvalidInput("invalid_kind", f"A channel is {' or '.join(Kind.values)}.", path="kind")
    return shown[:_LONGEST_SHOWN], secrets.encrypt({"address": address, "secret": secret})
