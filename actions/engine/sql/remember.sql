-- Keep what workflows were told; what they learn of a wait replaces what they knew of it.
INSERT INTO actions_memory (execution_id, key, value)
SELECT id, key, value::jsonb FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(texts)s::text[]) AS item (id, key, value)
ON CONFLICT (execution_id, key) DO UPDATE SET value = excluded.value, at = now()
