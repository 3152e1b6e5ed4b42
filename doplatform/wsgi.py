"""The WSGI entrance."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doplatform.settings")
_application = get_wsgi_application()

from doplatform.services import web  # noqa: E402  (Django is set up now)

web.prepare_process()
application = web.giving_back(_application)
