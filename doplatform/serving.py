"""gunicorn's configuration: `gunicorn -c python:doplatform.serving doplatform.wsgi`.

Processes: WEB_CONCURRENCY (gunicorn reads it itself). Threads are made when they are needed; most of them wait.
"""

from doplatform import env

worker_class = "doplatform.services.web.Worker"
threads = env.number("WEB_THREADS", 600)
"""How many requests one process takes at once, waiting ones included."""
worker_connections = 2 * threads
backlog = 1024
keepalive = 15
"""Seconds that a connection is kept for its client's next request."""
control_socket_disable = True
