"""Which columns a status may have, as one pattern: a plpgsql function is set up anew for each transaction."""

from django.db import migrations

# Status, then a digit each: finished, at a worker, with an error, what it waits for, with prerequisites; then whether parent and
# step are missing, which they are together, and the sign of the smallest counter.
_PATTERN = """
ALTER TABLE actions_execution DROP CONSTRAINT execution_is_sound,
  ADD CONSTRAINT execution_is_sound CHECK (
    concat(status, num_nonnulls(finished_at), num_nonnulls(worker_id), num_nonnulls(error),
      num_nonnulls(awaits, awaited_event, wake_at), num_nonnulls(prerequisites),
      num_nulls(parent_id), num_nulls(step), sign(least(attempt, tries, losses)))
    ~ '^(queued0000.|running0100.|succeeded1000.|retrying00.0.|failed10.0.|in_doubt00.0.|waiting000..|blocked00001'
      '|skipped10001|cancelled1000.)(00|11)[01]$');
DROP FUNCTION actions_execution_is_sound;
"""
_FUNCTION = """
CREATE FUNCTION actions_execution_is_sound(
  status text, finished boolean, worker boolean, error boolean, waits boolean, blockable boolean)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN CASE status
    WHEN 'queued' THEN NOT (finished OR worker OR error OR waits)
    WHEN 'running' THEN worker AND NOT (finished OR error OR waits)
    WHEN 'succeeded' THEN finished AND NOT (worker OR error OR waits)
    WHEN 'retrying' THEN NOT (finished OR worker OR waits)
    WHEN 'failed' THEN finished AND NOT (worker OR waits)
    WHEN 'in_doubt' THEN NOT (finished OR worker OR waits)
    WHEN 'waiting' THEN NOT (finished OR worker OR error)
    WHEN 'blocked' THEN blockable AND NOT (finished OR worker OR error OR waits)
    WHEN 'skipped' THEN blockable AND finished AND NOT (worker OR error OR waits)
    WHEN 'cancelled' THEN finished AND NOT (worker OR error OR waits)
    ELSE false
  END;
END $$;
ALTER TABLE actions_execution DROP CONSTRAINT execution_is_sound,
  ADD CONSTRAINT execution_is_sound CHECK (
    least(attempt, tries, losses) >= 0 AND (parent_id IS NULL) = (step IS NULL) AND actions_execution_is_sound(
      status, finished_at IS NOT NULL, worker_id IS NOT NULL, error IS NOT NULL,
      awaits IS NOT NULL OR awaited_event IS NOT NULL OR wake_at IS NOT NULL, prerequisites IS NOT NULL));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("actions", "0023_audit_request"),
    ]

    operations = [migrations.RunSQL(_PATTERN, _FUNCTION)]
