"""The payment provider: charges a card once per `Idempotency-Key`, refunds a payment once, and tells anyone who asks what it
did."""

import secrets
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from doplatform.demo.servers.http import Answer, BadRequest, HttpServer, Request
from doplatform.demo.servers.outsider import Say
from doplatform.demo.servers.records import Records

CARD_LIMIT = Decimal(5000)


class PaymentProvider(HttpServer):
    """POST /charges charges up to CARD_LIMIT, POST /refunds gives it back; GET /charges?key=… and GET /refunds?key=… say
    whether that happened."""

    name = "payment"
    title = "payment provider"
    default_port = 8045

    def __init__(self, folder: Path, *, port: int | None = None, slowness: float = 8.0, say: Say) -> None:
        super().__init__(port=port, slowness=slowness, say=say)
        self.charges = Records(folder / "charges.jsonl")
        self.refunds = Records(folder / "refunds.jsonl")

    def latest(self) -> list[str]:
        refunded = {row["payment_id"] for row in self.refunds.rows}
        last = reversed(self.charges.rows[-5:])
        return [
            f"{row['payment_id']}: {row['amount']} for order {row['order_id']}"
            + (" (refunded)" if row["payment_id"] in refunded else "")
            for row in last
        ]

    async def answer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/charges":
                return Answer.of({"charges": _under(request.query.get("key"), self.charges)})
            case "GET", "/refunds":
                return Answer.of({"refunds": _under(request.query.get("key"), self.refunds)})
            case "POST", "/charges":
                return self._charge(request)
            case "POST", "/refunds":
                return self._refund(request)
            case _:
                return Answer.refusal(
                    404, "not_found", "The provider knows POST and GET (?key=…) of /charges and of /refunds."
                )

    def _charge(self, request: Request) -> Answer:
        key = _key(request)
        order_id, amount = _wanted(request)
        before = _under(key, self.charges)
        if before and (before[0]["order_id"], before[0]["amount"]) != (order_id, str(amount)):
            return Answer.refusal(422, "key_reused", f"The key {key} was used for another charge.")
        if before:
            self.say(f"order {order_id}: charged before, {before[0]['payment_id']} stands")
            return Answer.of(before[0])
        if amount > CARD_LIMIT:
            self.say(f"order {order_id}: declined {amount}")
            return Answer.refusal(
                402, "declined", f"The card was declined: {amount} is above its limit of {CARD_LIMIT}."
            )
        charge = {
            "payment_id": f"pay_{secrets.token_hex(6)}",
            "order_id": order_id,
            "amount": str(amount),
            "key": key,
        }
        self.charges.add(charge)
        self.say(f"order {order_id}: charged {amount}, {charge['payment_id']}")
        return Answer.of(charge, 201)

    def _refund(self, request: Request) -> Answer:
        """A payment is refunded once, whatever the key; another key is told so."""
        key = _key(request)
        payment_id = str(request.json().get("payment_id"))
        charges = [row for row in self.charges.rows if row["payment_id"] == payment_id]
        if not charges:
            return Answer.refusal(404, "no_such_payment", f"There is no payment {payment_id}.")
        before = [row for row in self.refunds.rows if row["payment_id"] == payment_id or row["key"] == key]
        if before and (before[0]["payment_id"], before[0]["key"]) != (payment_id, key):
            return Answer.refusal(409, "refunded_already", f"{payment_id} was refunded, or the key used, before.")
        if before:
            self.say(f"{payment_id}: refunded before, {before[0]['refund_id']} stands")
            return Answer.of(before[0])
        refund = {
            "refund_id": f"ref_{secrets.token_hex(6)}",
            "payment_id": payment_id,
            "order_id": charges[0]["order_id"],
            "amount": charges[0]["amount"],
            "key": key,
        }
        self.refunds.add(refund)
        self.say(f"order {refund['order_id']}: refunded {refund['amount']} of {payment_id}")
        return Answer.of(refund, 201)


def _key(request: Request) -> str:
    """The Idempotency-Key of the request. Raises BadRequest."""
    key = request.headers.get("idempotency-key")
    if not key:
        raise BadRequest("Moving money needs an Idempotency-Key.")
    return key


def _under(key: str | None, records: Records) -> list[dict[str, Any]]:
    return [row for row in records.rows if key is None or row["key"] == key]


def _wanted(request: Request) -> tuple[str, Decimal]:
    """The order and the amount in the body. Raises BadRequest."""
    body = request.json()
    try:
        amount = Decimal(str(body["amount"])).quantize(Decimal("0.01"))
        order_id = str(body["order_id"])
        positive = amount > 0
    except (KeyError, InvalidOperation):
        raise BadRequest("A charge has an order_id and an amount.") from None
    if not positive:
        raise BadRequest("An amount is more than 0.")
    return order_id, amount
