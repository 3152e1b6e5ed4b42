-- What runs in the name of a worker: for one that does not know what its claim has taken.
SELECT id, action_id, attempt, tries, losses, parent_id FROM actions_execution WHERE worker_id = %(worker)s AND status = 'running'
