-- Lock executions in one order, whoever asks. A workflow's row is the lock of everything among its steps.
SELECT id FROM actions_execution WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE
