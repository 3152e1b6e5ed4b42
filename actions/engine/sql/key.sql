-- One API key, and why it would be let in no more; whether its use was not written down within the last minute; its callback.
SELECT key.digest, key.account_id, key.user_id, key.owner, key.scopes, key.rate,
  CASE WHEN key.revoked_at IS NOT NULL THEN 'revoked'
    WHEN key.expires_at <= clock_timestamp() THEN 'expired'
    WHEN account.disabled_at IS NOT NULL THEN 'account disabled'
  END,
  key.last_used_at IS NULL OR key.last_used_at < clock_timestamp() - interval '1 minute',
  key.callback_url, key.callback_secret
FROM actions_apikey AS key LEFT JOIN actions_serviceaccount AS account ON account.name = key.account_id
WHERE key.id = %(id)s
