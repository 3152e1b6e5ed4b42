-- The minute and the place of a key's last use; never waits for whoever is changing the key.
UPDATE actions_apikey SET last_used_at = clock_timestamp(), last_used_ip = %(address)s::inet
WHERE id = (
  SELECT id FROM actions_apikey
  WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at < clock_timestamp() - interval '1 minute')
  FOR NO KEY UPDATE SKIP LOCKED)
