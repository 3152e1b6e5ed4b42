"""The only module that writes a status: every change is one guarded statement with its audit entry beside it.

    attempts   claim and settle take sets of rows; rescue settles for workers that are gone
    verbs      one operator's verb on one execution, and entries by themselves
    steps      steps of workflows: started, recorded, moved on when what they waited for has ended

Statements stand in sql/. A caller that gets fewer rows back than it sent was too late, and must roll back.
"""

from actions.engine.ledger.attempts import (
    MAINTAIN_LOCK,
    WORKER_LOCK,
    Claim,
    Ending,
    Loss,
    claim,
    claim_limited,
    held,
    rescuable,
    settle,
    settle_lost,
    settled_as,
    warn,
)
from actions.engine.ledger.steps import (
    NewStep,
    Suspension,
    cancel_steps,
    consume,
    copy_step,
    due_queues,
    emit,
    forget_deadlines,
    lock,
    record_steps,
    remember,
    reopen,
    resume,
    revive,
    skip,
    start_steps,
    suspend,
    take_events,
    unblock,
)
from actions.engine.ledger.verbs import last_retry, make_due, move, origin, prune, record, request_cancel

__all__ = [
    "MAINTAIN_LOCK",
    "WORKER_LOCK",
    "Claim",
    "Ending",
    "Loss",
    "NewStep",
    "Suspension",
    "cancel_steps",
    "claim",
    "claim_limited",
    "consume",
    "copy_step",
    "due_queues",
    "emit",
    "forget_deadlines",
    "held",
    "last_retry",
    "lock",
    "make_due",
    "move",
    "origin",
    "prune",
    "record",
    "record_steps",
    "remember",
    "reopen",
    "request_cancel",
    "rescuable",
    "resume",
    "revive",
    "settle",
    "settle_lost",
    "settled_as",
    "skip",
    "start_steps",
    "suspend",
    "take_events",
    "unblock",
    "warn",
]
