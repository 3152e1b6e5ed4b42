"""Sentences that several faces say in the same words."""

RETRIED = "Queued again with a new attempt; its tries are counted anew."
RUN_NOW = "Due now."
CANCELLED = "Cancelled; whatever it had written is rolled back."
CANCEL_ASKED = "Asked to stop; its handler sees that at its next heartbeat."
FORCED_IN_DOUBT = "Stopped by force and put in doubt: say what really happened."
RESOLVED = "Resolved."
EXPLAIN = {
    "retry": "The same execution gets a new attempt. Its idempotency key towards providers stays the same.",
    "replay": "A new execution with the same or edited params, linked to this one.",
    "run_now": "It is due anyway: do not wait for its time.",
    "cancel": "Never start it, or ask its handler to stop.",
    "resolve": "Nobody knows whether its outside effect happened. Say what you found out.",
}
