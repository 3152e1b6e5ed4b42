"""What is stored. Rows are written by the engine alone; everybody else reads."""

from actions.models.access import Access
from actions.models.action import Action, Queue, Tag
from actions.models.alert import Alert, AlertChannel, AlertDelivery, AlertMark, AlertRule
from actions.models.attempt import Attempt
from actions.models.audit import AuditEntry
from actions.models.bulk import BulkItem, BulkOperation, BulkSelection
from actions.models.callback import Callback, Delivery
from actions.models.execution import Execution, ExecutionSecret, Unsettled
from actions.models.failure import ErrorGroup, ErrorMark, ErrorTally
from actions.models.key import ApiKey, ServiceAccount
from actions.models.schedule import Schedule
from actions.models.seal import Seal
from actions.models.tally import Tally, TallyMark
from actions.models.verbkey import VerbKey
from actions.models.view import PreferredView, SavedView
from actions.models.worker import Worker
from actions.models.workflow import Edge, ExternalEvent, Memory

__all__ = [
    "Access",
    "Action",
    "Alert",
    "AlertChannel",
    "AlertDelivery",
    "AlertMark",
    "AlertRule",
    "ApiKey",
    "Attempt",
    "AuditEntry",
    "BulkItem",
    "BulkOperation",
    "BulkSelection",
    "Callback",
    "Delivery",
    "Edge",
    "ErrorGroup",
    "ErrorMark",
    "ErrorTally",
    "Execution",
    "ExecutionSecret",
    "ExternalEvent",
    "Memory",
    "PreferredView",
    "Queue",
    "SavedView",
    "Schedule",
    "Seal",
    "ServiceAccount",
    "Tag",
    "Tally",
    "TallyMark",
    "Unsettled",
    "VerbKey",
    "Worker",
]
