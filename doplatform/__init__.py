"""The doplatform project: settings, routes, and the processes that run the actions app."""
