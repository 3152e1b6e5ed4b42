"""The demo: a sign-up and an order as actions, and a small outside world for them to call."""
