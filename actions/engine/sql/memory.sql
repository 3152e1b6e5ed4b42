-- What a workflow remembers.
SELECT key, value::text FROM actions_memory WHERE execution_id = %(id)s
