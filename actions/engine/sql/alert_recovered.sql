-- What lasted and is over: open alerts of these rules about anything but the subjects that still stand so. Returned is who is told of
-- it: each channel that was told, once for a subject, as the end of the newest alert that it had of that. Not a channel that is
-- disabled or that the alert will never reach (its carrier has ended without), and not where the rule has had other limits since.
-- Within two leases of the server's start nobody can say whether a worker is there (alert_crews.sql), nor whether that is over.
WITH ended AS (
  UPDATE actions_alert SET recovered_at = now()
  WHERE rule_id = ANY (%(rules)s::bigint[]) AND lasting AND recovered_at IS NULL
    AND (rule_id, subject) NOT IN (SELECT * FROM unnest(%(bad_rules)s::bigint[], %(bad_subjects)s::text[]))
    AND (kind <> 'no_worker' OR now() > pg_postmaster_start_time() + make_interval(secs => 2 * %(lease)s))
  RETURNING id, rule_id, subject, at, relimited
)
SELECT DISTINCT ON (ended.rule_id, ended.subject, channel.id) ended.id, channel.id, channel.name
FROM ended
JOIN actions_alertdelivery AS told ON told.alert_id = ended.id
JOIN actions_alertchannel AS channel ON channel.id = told.channel_id AND channel.disabled_at IS NULL
LEFT JOIN actions_execution AS carrier ON carrier.id = told.carrier_id
WHERE ended.rule_id = ANY (%(telling)s::bigint[]) AND NOT ended.relimited
  AND (told.delivered_at IS NOT NULL OR told.carrier_id IS NULL OR carrier.status NOT IN ('failed', 'cancelled'))
ORDER BY ended.rule_id, ended.subject, channel.id, ended.at DESC, ended.id DESC
