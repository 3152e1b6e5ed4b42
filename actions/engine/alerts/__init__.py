"""Alerts: what went wrong is told to people, once, and until it has arrived.

rules      what is watched for: made, changed, paused, removed
channels   and the places where it is told; a test goes the same way as everything else
watch      maintain looks what each rule is for; what is found becomes alerts in the transaction that found it
look       one statement for each kind of rule
texts      what is said: fixed fields, nothing of anybody's params
fire       alerts and their deliveries are written: at most one about a subject in its quiet time
recover    what lasted and is over: who was told of it is told that too
hand_over  every new delivery gets an execution of DELIVER
message    what a channel is told
deliver    what that execution does: one message to one channel
"""

DELIVER = "doplatform.deliver-alert"
"""The built-in action that carries a delivery. No rule watches it: an alert about an alert that fails would fail too."""
