-- Which execution carries which delivery.
UPDATE actions_delivery AS delivery
SET carrier_id = item.carrier
FROM unnest(%(deliveries)s::uuid[], %(carriers)s::uuid[]) AS item (delivery, carrier)
WHERE delivery.id = item.delivery
