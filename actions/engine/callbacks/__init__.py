"""Telling others that an execution has ended.

keep       accept checks a callback and stores it with the execution
(trigger)  PostgreSQL writes a delivery in the transaction of every end: the outbox
hand_over  maintain accepts an execution of DELIVER for each new delivery
deliver    what that execution does: one signed request
"""

DELIVER = "doplatform.deliver-callback"
"""The built-in action that carries a delivery."""
