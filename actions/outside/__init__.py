"""The way out: which addresses may be called, one HTTP exchange with them, and its signature.

address    a URL is read strictly, and judged by the rules
rules      what this installation allows, from its settings
network    connections to the addresses that were judged, and to no other, until one deadline
exchange   one request and its answer
signature  Standard Webhooks
services   addresses of notification services, read without the library that speaks to them
guarded    connections of such a library, kept to addresses that were judged
relay      one message to one service, by that library
"""
