-- The append-only triggers that do their work for everyone.
SELECT tgname::text
FROM pg_catalog.pg_trigger AS guard
JOIN pg_catalog.pg_proc AS function ON function.oid = guard.tgfoid
WHERE guard.tgrelid = ANY (ARRAY['actions_auditentry'::regclass, 'actions_seal'::regclass])
  AND guard.tgenabled = 'A' AND function.prosrc LIKE '%%RAISE EXCEPTION ''The audit is append-only%%'
