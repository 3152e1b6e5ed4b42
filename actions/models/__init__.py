"""What is stored. Rows are written by the engine alone; everybody else reads."""

from actions.models.access import Access
from actions.models.action import Action, Queue
from actions.models.attempt import Attempt
from actions.models.audit import AuditEntry
from actions.models.execution import Execution, ExecutionSecret, Unsettled
from actions.models.seal import Seal
from actions.models.tally import Tally, TallyMark
from actions.models.worker import Worker
from actions.models.workflow import Edge, ExternalEvent, Memory

__all__ = [
    "Access",
    "Action",
    "Attempt",
    "AuditEntry",
    "Edge",
    "Execution",
    "ExecutionSecret",
    "ExternalEvent",
    "Memory",
    "Queue",
    "Seal",
    "Tally",
    "TallyMark",
    "Unsettled",
    "Worker",
]
