"""The demo's tables in Django's admin, to look at: only actions write them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from doplatform.demo.models import Order, Reservation, SignUp, Stock


class LookOnly(admin.ModelAdmin):
    """Rows can be seen, not touched."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False


@admin.register(SignUp)
class SignUpAdmin(LookOnly):
    list_display = ("email", "name", "created_at", "welcomed_at", "welcome_problem")
    search_fields = ("email", "name")


@admin.register(Stock)
class StockAdmin(LookOnly):
    list_display = ("sku", "available")


@admin.register(Reservation)
class ReservationAdmin(LookOnly):
    list_display = ("order_id", "stock", "quantity")
    list_select_related = ("stock",)


@admin.register(Order)
class OrderAdmin(LookOnly):
    list_display = ("order_id", "payment_id", "amount", "created_at")
    search_fields = ("order_id", "payment_id")
