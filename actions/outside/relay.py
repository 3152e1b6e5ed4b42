"""One message to one notification service, by Apprise: loaded by the first message, because web workers have no use for it."""

import logging
import re
import warnings
from typing import Any

from actions.errors import BlockedDestination, GiveUp, RemoteRefused
from actions.outside.address import Rules
from actions.outside.guarded import guarded

TIMEOUT = 10.0
"""Seconds for a connection, and for an answer."""
_LOWEST = 5
"""Opsgenie's P5, what is only to be known; Apprise has its names for these the other way round."""
_STATUS = re.compile(r"error=(\d{3})\b")


class Heard(logging.Handler):
    """Keeps of Apprise's own words the HTTP status alone: the rest may quote addresses and answers."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.status = ""

    def emit(self, record: logging.LogRecord) -> None:
        """See logging."""
        try:
            found = _STATUS.search(record.getMessage())
        except (TypeError, ValueError):  # a line that does not fit its own values
            return
        self.status = found[1] if found else self.status


def relay(
    address: str, *, title: str, text: str, scheme: str, rules: Rules, incident: str = "", over: bool = False
) -> None:
    """Send it, once. `address` was read by services.read; `scheme` is what errors call the service. Pagers hold together what has
    one `incident`, and close it when that is `over`.

    Raises BlockedDestination (nothing was sent), GiveUp where the address can never work, RemoteRefused else.
    """
    import apprise  # noqa: PLC0415  (heavy, and only who sends needs it)

    heard = _mute()
    try:
        with warnings.catch_warnings():
            # The first address makes it import what it has for every service, some of it by modules that are old.
            warnings.simplefilter("ignore")
            service = _service(apprise, address)
        if service is None:
            raise GiveUp(f"The address of this channel is none that {scheme}:// understands; change it.")
        with guarded(rules) as refused:
            kind = apprise.NotifyType.SUCCESS if _fit(service, scheme, incident, over) else apprise.NotifyType.WARNING
            sent = service.notify(title=title, body=text, notify_type=kind, body_format=apprise.NotifyFormat.TEXT)
    finally:
        logging.getLogger("apprise").removeHandler(heard)
    if refused:
        raise BlockedDestination(f"This address may not be called: {refused[0]}.")
    if not sent:
        said = f"it answered {heard.status}" if heard.status else "no connection, or no answer that says yes"
        raise RemoteRefused(f"The service behind {scheme}:// did not take it: {said}.")


def _service(apprise: Any, address: str) -> Any:
    """Apprise's own object for an address, without anything that it would do by itself; None where it understands none."""
    asset = apprise.AppriseAsset(
        app_id="doplatform",
        app_desc="doplatform",
        app_url="",
        async_mode=False,
        allow_templates=False,
        http_redirects=False,
        image_url_mask="",
        image_url_logo="",
        image_path_mask=False,
    )
    service = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if service is not None:
        service.redirects = False
        service.verify_certificate = True
        service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT
    return service


def _fit(service: Any, scheme: str, incident: str, over: bool) -> bool:
    """Set up a pager for it, or it would call somebody because something is over; whether to say success."""
    if scheme == "pagerduty" and incident:
        service.action, service.dedup = "map", incident
    if scheme == "opsgenie" and over:
        # It closes only what it remembers of this process, and says that it did: so it is told as an alert that pages nobody.
        service.priority = _LOWEST
        return False
    return over


def _mute() -> Heard:
    """Apprise and what it stands on say nothing in our logs: addresses are in their lines."""
    heard = Heard()
    for name in ("apprise", "urllib3", "requests_oauthlib", "oauthlib"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(logging.WARNING)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    logging.getLogger("apprise").addHandler(heard)
    return heard
