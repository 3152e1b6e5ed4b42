-- The bytes that are hashed, of all entries in each of the given ranges of (xid, id), in order. Of a range that holds more
-- than %(most)s entries, so many come.
--
-- They are what PostgreSQL itself sends for a column: jsonb as it is stored, times as microseconds; nothing passes
-- through another program that might write it differently. No text can hold a zero byte, so that zeros part the texts;
-- what may be NULL says so first; the first zero tells a leaf from an inner node of the tree, xid and id follow it.
SELECT range.number, coalesce(sealed.entries, '{}')
FROM unnest(
  %(numbers)s::int8[], %(from_xids)s::int8[], %(from_ids)s::int8[], %(to_xids)s::int8[], %(to_ids)s::int8[])
  AS range (number, from_xid, from_id, to_xid, to_id)
CROSS JOIN LATERAL (
  SELECT array_agg(
    '\x00'::bytea || int8send(xid) || int8send(id) || timestamptz_send(at)
    || coalesce('\x01'::bytea || uuid_send(execution_id), '\x00'::bytea)
    || coalesce('\x01'::bytea || int4send(attempt), '\x00'::bytea)
    || textsend(verb) || '\x00'::bytea || textsend(actor_kind) || '\x00'::bytea || textsend(actor_id) || '\x00'::bytea
    || textsend(actor_label) || '\x00'::bytea || textsend(action) || '\x00'::bytea || textsend(reason)
    || coalesce('\x0001'::bytea || jsonb_send(data), '\x0000'::bytea)
    ORDER BY xid, id) AS entries
  FROM (
    SELECT *
    FROM actions_auditentry
    WHERE (xid, id) >= (range.from_xid, range.from_id) AND (xid, id) < (range.to_xid, range.to_id)
    ORDER BY xid, id
    -- More than any range holds: tells the planner, which cannot guess what two such bounds leave, to walk the index.
    LIMIT %(most)s
  ) AS entry
) AS sealed
