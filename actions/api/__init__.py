"""The HTTP API under /api/v1/.

entrance     what every request to it passes: its end as a problem document whatever happens
places       where it is mounted
reading      headers and bodies, strictly; what is wrong with them, all at once
bearer       who asks, how often, and what that key may do
problems     the one table from what went wrong to what HTTP says of it
schemas      what comes in and goes out, for the OpenAPI document and the checks
describing   how an endpoint tells the OpenAPI document what it reads by itself
answering    responses: JSON, representations, waiting
endpoints/   one file per subject; each calls one verb of the engine or one query
routes       django-ninja's API made of them
"""
