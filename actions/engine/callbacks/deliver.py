"""deliver: one try of one delivery."""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from actions import conf, ids, values
from actions.crashpoints import crash_point
from actions.definitions.callback import Kept
from actions.definitions.context import Context
from actions.engine.callbacks.keep import restored
from actions.errors import GiveUp, RemoteRefused
from actions.models import Callback, Delivery
from actions.models.callback import parse_delivery_id
from actions.outside import rules
from actions.outside.exchange import TIMEOUT, send
from actions.outside.signature import as_secret, signed
from actions.states import Status

_GONE = 410


def deliver(delivery: str, context: Context) -> dict[str, Any]:
    """Send it once, unless it was delivered already; at most a kill between the answer and its record sends it twice.

    Raises GiveUp where no further try is of use, and what `send` raises.
    """
    key = parse_delivery_id(delivery)
    row = None if key is None else Delivery.objects.filter(pk=key).first()
    told = None if row is None else Callback.objects.filter(pk=row.execution_id).first()
    if row is None or told is None:
        raise GiveUp("The execution was pruned meanwhile; nobody was told of its end.")
    if row.delivered_at is not None:
        return {"answered": row.answered}
    callback = restored(Kept(told.url, None if told.secret is None else bytes(told.secret)))
    secrets = [callback.secret] if callback.secret else installation_secrets()
    context.hidden.extend([*secrets, callback.url])
    body = values.dumps(document(row)).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "doplatform"}
    crash_point("deliver.sending")
    answer = send(
        "POST",
        callback.url,
        headers=headers | signed(body, message=row.public_id, secrets=secrets),
        body=body,
        rules=rules.current(),
        timeout=TIMEOUT,
    )
    crash_point("deliver.sent")
    if not answer.good:
        said = f"The receiver answered {answer.status}."
        raise GiveUp(said) if answer.status == _GONE else RemoteRefused(said)
    Delivery.objects.filter(pk=row.pk, delivered_at=None).update(delivered_at=Now(), answered=answer.status)
    return {"answered": answer.status}


def document(row: Delivery) -> dict[str, Any]:
    """What is told: the end as it was, whatever became of the execution since."""
    data: dict[str, Any] = {
        "id": ids.public_id(row.execution_id),
        "action": row.action,
        "status": row.status,
        "attempt": row.attempt,
    }
    if row.status == Status.SUCCEEDED:
        data["result"] = row.result
    if row.error is not None:
        # Where in somebody's code it was raised is not for those outside.
        data["error"] = {name: said for name, said in row.error.items() if name != "place"}
    return {"type": f"execution.{row.status}", "timestamp": row.ended_at.isoformat(), "data": data}


def installation_secrets() -> list[str]:
    """What signs callbacks that have no secret of their own, the newest first."""
    derived = hmac.digest(settings.SECRET_KEY.encode(), b"doplatform.callbacks", hashlib.sha256)
    return list(conf.get().CALLBACK_SECRETS) or [as_secret(derived)]
