-- The items of a bulk operation, in the order in which they were chosen.
INSERT INTO actions_bulkitem (operation_id, position, execution_id, attempt)
SELECT %(operation)s, place, id, attempt
FROM unnest(%(ids)s::uuid[], %(attempts)s::int[]) WITH ORDINALITY AS chosen (id, attempt, place)
