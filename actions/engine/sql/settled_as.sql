-- Whether this very attempt of this worker ended so: the record itself, for judging a COMMIT without reply.
SELECT EXISTS (
  SELECT FROM actions_attempt
  WHERE execution_id = %(id)s AND number = %(attempt)s AND worker_id = %(worker)s AND outcome = %(outcome)s)
