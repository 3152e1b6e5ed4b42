-- Failures that a workflow function has gone on past: those steps are not retried any more.
UPDATE actions_execution SET consumed = true WHERE id = ANY(%(ids)s::uuid[]) AND NOT consumed
