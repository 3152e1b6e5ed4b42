"""The demo's panel in the console: the order behind an execution of process-order."""

from typing import Any

from django.http import HttpRequest

from actions import panels
from doplatform.demo.models import Order, Reservation


def order_of(request: HttpRequest, execution: Any) -> dict[str, Any] | None:
    """What this database knows of the order that it is about; None for other actions, and for who may not see params."""
    if execution.action_id != "process-order" or not panels.sees_payload(request, execution):
        return None
    order_id = str(execution.params.get("order_id", ""))
    return {
        "order_id": order_id,
        "order": Order.objects.filter(order_id=order_id).first(),
        "reservation": Reservation.objects.filter(order_id=order_id).select_related("stock").first(),
    }


panels.register("Order", where="execution", content=order_of, template="demo/order_panel.html")
