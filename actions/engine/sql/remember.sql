-- Keep what workflows were told; what they learn of a wait replaces what they knew of it. The time is that of the entry, as
-- the steps have it that it began.
INSERT INTO actions_memory (execution_id, key, value, at)
SELECT id, key, value::jsonb, now() FROM unnest(%(ids)s::uuid[], %(keys)s::text[], %(texts)s::text[]) AS item (id, key, value)
ON CONFLICT (execution_id, key) DO UPDATE SET value = excluded.value, at = now()
