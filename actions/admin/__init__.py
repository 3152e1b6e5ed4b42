"""doplatform in Django's admin: look at everything, act by the engine's verbs, edit nothing.

base        what all pages share: look-only rows, refusals, bounded lists
executions  the list, and the page of one (detail)
confirm     asks before each of desk's verbs, bulk for many
triggering  and replaying: forms made from the params schema
catalogue   actions and queues, with pausing
workers     and audit: to look at
"""

from actions.admin import audit, catalogue, executions, workers

__all__ = ["audit", "catalogue", "executions", "workers"]
