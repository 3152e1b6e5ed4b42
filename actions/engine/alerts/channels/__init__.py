"""Channels: places where alerts are told.

create, change_address, disable (and enable), remove, try_out   what people do
address   an address goes in and does not come out: it is kept encrypted, and pages and the audit have its scheme and host
"""
