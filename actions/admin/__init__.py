"""doplatform in Django's admin: look at everything, act by the engine's verbs, edit nothing.

base        what all pages share: look-only rows, refusals, bounded lists
executions  the list, and the page of one (detail)
confirm     asks before each of desk's verbs, bulk for many
triggering  and replaying: forms made from the params schema
catalogue   actions and queues, with pausing
schedules   made, changed, paused, run now, removed
keys        of the API, and accounts: made, rotated, revoked; a text is shown once
workers     and audit, and alerts: to look at
"""

from actions.admin import accounts, alerts, audit, catalogue, executions, keys, schedules, workers

__all__ = ["accounts", "alerts", "audit", "catalogue", "executions", "keys", "schedules", "workers"]
