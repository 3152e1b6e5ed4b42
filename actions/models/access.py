"""The permissions of the verbs, hung on a model without a table."""

from typing import ClassVar

from django.db import models


class Access(models.Model):  # noqa: DJ008  (there are no rows to show)
    """Carries one Django permission per verb; there are no rows."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions: ClassVar = [
            ("view_payload", "Can see params and results"),
            ("trigger", "Can trigger actions"),
            ("retry", "Can retry executions"),
            ("run_now", "Can run scheduled and retrying executions now"),
            ("replay", "Can replay executions"),
            ("cancel", "Can cancel executions"),
            ("force_stop", "Can stop running executions by force"),
            ("resolve", "Can resolve executions in doubt"),
            ("emit", "Can tell workflows external events"),
            ("pause", "Can pause and resume actions and queues"),
            ("manage_schedules", "Can make, change and remove schedules"),
            ("triage", "Can resolve, ignore and reopen groups of failures"),
            ("share_views", "Can share views of executions with everybody"),
            ("view_audit", "Can see the audit"),
            ("export_audit", "Can export the audit"),
            ("manage_keys", "Can see, make, rotate and revoke API keys"),
            ("manage_alerts", "Can make, change, test and remove alert rules and channels"),
            ("manage_workers", "Can quiet, resume and stop workers"),
        ]
