"""The WSGI application that `manage.py serve` runs."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from conversations.pump import break_off
from llmselect_project import schema_view
from llmselect_project.body import ChunkedBodies
from llmselect_project.shutdown import before_kill
from perf import recorder
from perf.cache import start_cold

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmselect_project.settings")

application = ChunkedBodies(get_wsgi_application(), limit=settings.REQUEST_BODY_LIMIT)
recorder.serve()
start_cold()
schema_view.load()
before_kill(settings.SHUTDOWN_GRACE, break_off)
