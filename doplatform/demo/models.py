"""The tables that the demo's actions write."""

from django.db import models


class SignUp(models.Model):
    """A user record: somebody who signed up."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    welcomed_at = models.DateTimeField(null=True, blank=True)
    welcome_problem = models.TextField(blank=True)

    class Meta:
        verbose_name = "user record"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Stock(models.Model):
    """How many of one article can still be sold."""

    sku = models.SlugField(unique=True)
    available = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "stock"
        ordering = ("sku",)

    def __str__(self) -> str:
        return f"{self.available} × {self.sku}"


class Reservation(models.Model):
    """Stock set aside for an order."""

    order_id = models.CharField(max_length=40, unique=True)
    stock = models.ForeignKey(Stock, on_delete=models.PROTECT, related_name="reservations")
    quantity = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.quantity} × {self.stock.sku} for order {self.order_id}"


class Order(models.Model):
    """A paid order."""

    order_id = models.CharField(max_length=40, unique=True)
    payment_id = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"Order {self.order_id}"
