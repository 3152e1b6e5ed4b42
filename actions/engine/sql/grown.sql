-- Hot tables that have changed a good deal since they were last analyzed.
SELECT relname::text FROM pg_stat_user_tables
WHERE relname IN ('actions_execution', 'actions_attempt', 'actions_auditentry', 'actions_edge')
  AND n_mod_since_analyze > 500 + n_live_tup / 5
