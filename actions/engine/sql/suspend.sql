-- What workflows that suspend wait for. They were settled as waiting in this transaction.
UPDATE actions_execution AS execution
SET awaits = item.awaits::uuid[], awaited_event = item.event, wake_at = item.wake_at
FROM unnest(%(ids)s::uuid[], %(awaits)s::text[], %(events)s::text[], %(wakes)s::timestamptz[])
  AS item (id, awaits, event, wake_at)
WHERE execution.id = item.id AND execution.status || '' = 'waiting'
