"""doplatform in Django's admin: look at everything, act by the engine's verbs, edit nothing.

site        the index as an overview        base        what all pages share: look-only, refusals, bounded lists
executions  list and page of an execution   verbs       retry, run now, cancel, force stop, resolve: confirmed
bulk        retry and cancel many           triggering, replaying    forms made from the params schema
catalogue   actions, queues and pauses      workers, audit           to look at
"""

from actions.admin import audit, catalogue, executions, workers

__all__ = ["audit", "catalogue", "executions", "workers"]
