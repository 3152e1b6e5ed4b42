"""The outside world of the demo, on loopback: a mail server, a CRM and a payment provider that can fail.

They know no Django and share one event loop: `world` opens them, `control` is the page where a person stops
and starts them. `python -m doplatform.demo.servers` and `manage.py demo_servers` are the same.
"""
