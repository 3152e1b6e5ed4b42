-- Which execution carries which delivery of an alert.
UPDATE actions_alertdelivery AS delivery
SET carrier_id = item.carrier
FROM unnest(%(deliveries)s::uuid[], %(carriers)s::uuid[]) AS item (delivery, carrier)
WHERE delivery.id = item.delivery
