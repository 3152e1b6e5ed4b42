-- What an execution is of, and where it queues.
SELECT action_id, queue FROM actions_execution WHERE id = %(id)s
