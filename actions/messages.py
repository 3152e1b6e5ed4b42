"""Sentences that several faces say in the same words."""

RETRIED = "Queued again with a new attempt; its tries are counted anew."
RETRIED_WORKFLOW = "Its failed steps are queued again, and it waits for them; what has succeeded is not run again."
RETRIED_STEP = "Queued again with a new attempt; its workflow waits for it again."
RUN_NOW = "Due now."
CANCELLED = "Cancelled; whatever it had written is rolled back."
CANCELLED_WORKFLOW = "Cancelled, with its steps that had not ended. What has succeeded stays done: nothing is undone."
CANCEL_ASKED = "Asked to stop; its handler sees that at its next heartbeat."
FORCED_IN_DOUBT = "Stopped by force and put in doubt: say what really happened."
RESOLVED = "Resolved."
HANDLED = "Handled: it stays failed, and is open no more."
REOPENED = "Open again."
TRIGGERED = "Accepted; it starts when a worker is free."
TRIGGERED_BEFORE = "This request was accepted before; here is the execution that it made. Nothing was done twice."
REPLAYED = "Accepted: this new execution replays {original}."
EMITTED = "Told: the workflow waited for this event, and goes on."
EMITTED_EARLY = "Told: the workflow does not wait for this event now; its next wait for it gets it."
EMITTED_BEFORE = "This event was told before, and kept; nothing was done twice."
PAUSED = "Paused: what is running ends, nothing new starts."
RESUMED = "Resumed: what waited goes on."
PAUSE_CHANGED = "It stays paused as you said; nothing went on in between."
PAUSE_SAME = "It was paused so before; nothing was changed."
QUIETED = "Asked to be quiet: it ends what it has, and takes nothing new until somebody resumes it."
WORKER_RESUMED = "Asked to take again."
WORKER_STOPPED = "Asked to stop: its process ends after what it is on."
SCHEDULE_IN_CODE = (
    "This schedule stands in the code: it is changed and removed there. Here it can be paused and run now."
)
SCHEDULE_MADE = "Made: it comes at its next time by itself."
SCHEDULE_CHANGED = "Changed."
SCHEDULE_SAME = "It was so before; nothing was changed."
SCHEDULE_PAUSED = "Paused: its times pass, and nothing starts."
SCHEDULE_RESUMED = "Resumed: it goes on with its next time."
EXPLAIN = {
    "trigger": "A new execution. What the code declares decides how often it is tried.",
    "retry": "The same execution gets a new attempt. Its idempotency key towards providers stays the same.",
    "replay": "A new execution with the same or edited params, linked to this one.",
    "replay_from": "A new execution of the workflow: what came before this step is taken over with its results, this step runs "
    "with the params below, and the workflow goes on from there.",
    "run_now": "It is due anyway: do not wait for its time.",
    "cancel": "Never start it, or ask its handler to stop.",
    "force_stop": "Do not wait for its handler: take the attempt away from it.",
    "resolve": "Nobody knows whether its outside effect happened. Say what you found out.",
    "handle": "It needs nobody any more, without being retried: it stays failed, and leaves the failures that are open. One that "
    "is retried and fails again is open again.",
    "reopen": "It needs somebody after all: it is among the failures that are open again.",
    "emit": "Tell the workflow that something happened outside. An event that nobody waits for is kept for the next wait.",
    "pause": "Nothing new starts until it is resumed; what is running ends, and what is asked for is kept.",
    "pause_tag": "Nothing that has this tag starts until it is resumed: what was asked for with it, and every execution of the "
    "actions that have it. What is running ends, and what is asked for is kept.",
    "change_pause": "It stays paused, and nothing goes on in between. The time and the reason below become those that are shown, "
    "with your name.",
    "resume": "What waited goes on.",
    "quiet_worker": "It ends what it has, and takes nothing new until somebody resumes it. Its process stays.",
    "resume_worker": "It takes again.",
    "stop_worker": "Its process ends as on SIGTERM: it takes nothing new and ends what it is on; after the grace time that is "
    "interrupted and given back, or put in doubt where it reaches outside. What it has not begun goes back at once. The pool "
    "(manage.py work) that started it starts a new process in its place: to have fewer workers, stop the pool, or start it "
    "with fewer processes.",
    "make_schedule": "The action is asked for at each of these times, once, with these params. What it starts stands among the "
    "executions, asked for by the schedule.",
    "pause_schedule": "Its times pass and nothing starts until it is resumed; those are not caught up. What it has started "
    "goes on.",
    "resume_schedule": "It goes on with its next time. What passed meanwhile is not caught up.",
    "run_schedule": "One execution at once with its params, asked for by you. Its next time stays as it is.",
    "remove_schedule": "It comes no more. What it has started goes on and stays.",
    "create_key": "Who has the key may do what its scopes say, in its owner's name. Its text is shown once, when it is made.",
    "rotate_key": "A second key that may do the same, beside this one. Put it in place, then this one ends by itself. What was "
    "asked with an idempotency key is found with either.",
    "key_callback": "The ends of what is asked with this key from now on are told there, signed, unless a request names "
    "another callback. What was asked for before is told as it was said then.",
    "revoke_key": "Refused everywhere within a second, for ever. What was asked for with it goes on.",
    "create_account": "Another system that asks by the HTTP API. It owns keys, and what is asked with any of them is its own.",
    "disable_account": "None of its keys is let in, everywhere within a second, until it is enabled.",
    "enable_account": "Its keys that have neither expired nor been revoked are let in again.",
    "pause_rule": "It tells nothing until somebody resumes it, not that something is over either. What happens meanwhile is not "
    "told later.",
    "resume_rule": "It watches again, from now on: what happened meanwhile is not told.",
    "remove_rule": "Nobody watches for it any more. What it has told stays in the log, and what is on its way arrives.",
    "create_channel": "A place where alerts are told. Rules name the channels that they tell.",
    "change_channel": "It leads there from now on, also for what is still on its way.",
    "test_channel": "A test alert goes the way that all alerts go: a delivery with its tries, until it has arrived.",
    "disable_channel": "Nothing is sent there until it is enabled; what is on its way is given up, and can be retried then.",
    "enable_channel": "Rules that name it tell it again. What was given up meanwhile can be retried.",
    "remove_channel": "It is forgotten, with its address; rules that named it tell their other channels. For ever.",
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
CANCEL_WORKFLOW_MEANS = {
    "idle": "It is cancelled at once. What has succeeded stays done: nothing is undone.",
    "running": "Its function is running: it is cancelled at once, and what it did in this entry is rolled back. "
    "What has succeeded before stays done: nothing is undone.",
}
CANCEL_STEP_MEANS = (
    "Its workflow fails, unless the step is optional or the function catches it; what needs it is skipped."
)
WORKFLOW = (
    "Composes other actions, each a step of its own, and goes on exactly where it stopped. It has no effects itself."
)
EFFECTS = {
    "external": "Reaches outside and must not be repeated blindly: an attempt that is lost in the middle is put in doubt.",
    "repeatable": "Reaches outside and is safe to repeat: an attempt that is lost in the middle is tried again.",
    "database": "Writes only to this database: its writes and its record commit together, exactly once.",
}


def cancel_done(*, asked: bool, in_doubt: bool, workflow: bool) -> str:
    """What a cancel did."""
    if asked:
        return CANCEL_ASKED
    if in_doubt:
        return FORCED_IN_DOUBT
    return CANCELLED_WORKFLOW if workflow else CANCELLED


def retry_done(*, waits: bool, step: bool) -> str:
    """What a retry did: whether it `waits` for steps of its own, or is itself one."""
    if waits:
        return RETRIED_WORKFLOW
    return RETRIED_STEP if step else RETRIED


def emit_done(*, new: bool, goes_on: bool) -> str:
    """What an emit did."""
    if not new:
        return EMITTED_BEFORE
    return EMITTED if goes_on else EMITTED_EARLY


def key_tells(key: str, *, told: bool) -> str:
    """What a change of a key's callback has done."""
    return (
        f"The ends of what is asked with {key} from now on are told there." if told else f"{key} tells nobody any more."
    )


def worker_told(done: str, *, hears: bool, seconds: float) -> str:
    """What asking a worker did, and when it hears of it; `seconds` from one heartbeat to the next."""
    if hears:
        return f"{done} It hears of that within {seconds:g} s."
    return f"{done} It is not connected now: it hears of that only if it comes back."


def kind_means(kind: str, effects: str) -> str:
    """What a workflow, or an action with these effects, does."""
    return WORKFLOW if kind == "workflow" else EFFECTS.get(effects, "")


def duration(seconds: float | None) -> str:
    """Seconds as people read them; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
