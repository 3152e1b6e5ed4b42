"""The payment provider: charges a card once per `Idempotency-Key`, and tells anyone who asks what it did."""

import secrets
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from doplatform.demo.servers.http import Answer, BadRequest, HttpServer, Request
from doplatform.demo.servers.outsider import Say
from doplatform.demo.servers.records import Records

CARD_LIMIT = Decimal(5000)


class PaymentProvider(HttpServer):
    """POST /charges charges up to CARD_LIMIT; GET /charges?key=… says whether it happened."""

    name = "payment"
    title = "payment provider"
    default_port = 8045

    def __init__(self, folder: Path, *, port: int | None = None, slowness: float = 8.0, say: Say) -> None:
        super().__init__(port=port, slowness=slowness, say=say)
        self.charges = Records(folder / "charges.jsonl")

    def latest(self) -> list[str]:
        last = reversed(self.charges.rows[-5:])
        return [f"{row['payment_id']}: {row['amount']} for order {row['order_id']}" for row in last]

    async def answer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/charges":
                return Answer.of({"charges": self._charges(request.query.get("key"))})
            case "POST", "/charges":
                return self._charge(request)
            case _:
                return Answer.refusal(404, "not_found", "The provider knows POST /charges and GET /charges?key=…")

    def _charges(self, key: str | None) -> list[dict[str, Any]]:
        return [row for row in self.charges.rows if key is None or row["key"] == key]

    def _charge(self, request: Request) -> Answer:
        key = request.headers.get("idempotency-key")
        if not key:
            raise BadRequest("A charge needs an Idempotency-Key.")
        order_id, amount = _wanted(request)
        before = self._charges(key)
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
