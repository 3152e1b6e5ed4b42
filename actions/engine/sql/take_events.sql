-- Give events to the waits that they end.
UPDATE actions_externalevent AS event SET taken_by = item.key
FROM unnest(%(ids)s::uuid[], %(keys)s::text[]) AS item (id, key)
WHERE event.id = item.id
