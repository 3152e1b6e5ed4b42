-- The last alert of each rule about each subject.
SELECT wanted.rule, wanted.subject, last.id, last.at
FROM unnest(%(rules)s::bigint[], %(subjects)s::text[]) AS wanted (rule, subject)
CROSS JOIN LATERAL (
  SELECT id, at FROM actions_alert WHERE rule_id = wanted.rule AND subject = wanted.subject ORDER BY at DESC, id DESC LIMIT 1) AS last
