-- What lasted and is over: open alerts of these rules about anything but the subjects that still stand so.
UPDATE actions_alert SET recovered_at = now()
WHERE rule_id = ANY (%(rules)s::bigint[]) AND lasting AND recovered_at IS NULL
  AND (rule_id, subject) NOT IN (SELECT * FROM unnest(%(bad_rules)s::bigint[], %(bad_subjects)s::text[]))
