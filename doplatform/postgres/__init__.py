"""The database backend of web processes: Django's own, with a pool that looks before it gives a connection away."""
