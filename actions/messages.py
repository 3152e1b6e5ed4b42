"""Sentences that several faces say in the same words."""

RETRIED = "Queued again with a new attempt; its tries are counted anew."
RUN_NOW = "Due now."
CANCELLED = "Cancelled; whatever it had written is rolled back."
CANCEL_ASKED = "Asked to stop; its handler sees that at its next heartbeat."
FORCED_IN_DOUBT = "Stopped by force and put in doubt: say what really happened."
RESOLVED = "Resolved."
TRIGGERED = "Accepted; it starts when a worker is free."
TRIGGERED_BEFORE = "This request was accepted before; here is the execution that it made. Nothing was done twice."
REPLAYED = "Accepted as a new execution that replays this one."
PAUSED = "Paused: what is running ends, nothing new starts."
RESUMED = "Resumed: what waited goes on."
EXPLAIN = {
    "trigger": "A new execution. What the code declares decides how often it is tried.",
    "retry": "The same execution gets a new attempt. Its idempotency key towards providers stays the same.",
    "replay": "A new execution with the same or edited params, linked to this one.",
    "run_now": "It is due anyway: do not wait for its time.",
    "cancel": "Never start it, or ask its handler to stop.",
    "force_stop": "Do not wait for its handler: take the attempt away from it.",
    "resolve": "Nobody knows whether its outside effect happened. Say what you found out.",
    "pause": "Nothing new starts until somebody resumes it; what is running ends, and what is asked for is kept.",
    "resume": "What waited goes on.",
}
CANCEL_MEANS = {
    "idle": "It has not started: it is cancelled at once, and never will.",
    "database": "It is running: it is cancelled at once, and whatever its handler has written is rolled back.",
    "other": "It is running: its handler is asked to stop, and sees that at its next heartbeat. "
    "What it has done outside stays done.",
}
FORCE_MEANS = {
    "database": "It is cancelled at once, and whatever its handler has written is rolled back.",
    "repeatable": "It is cancelled at once, and what its handler has written here is rolled back. "
    "What it has done outside stays done.",
    "external": "What its handler has written here is rolled back, and the execution is put in doubt: its outside effect "
    "may have happened. You will have to say what really happened.",
}
EFFECTS = {
    "external": "Reaches outside and must not be repeated blindly: an attempt that is lost in the middle is put in doubt.",
    "repeatable": "Reaches outside and is safe to repeat: an attempt that is lost in the middle is tried again.",
    "database": "Writes only to this database: its writes and its record commit together, exactly once.",
}
