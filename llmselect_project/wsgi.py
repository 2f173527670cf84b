"""The WSGI application that `manage.py serve` runs."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from conversations.chat.watching import keep_watch
from conversations.completions.runner import cancel_all, warm_up
from conversations.completions.storing import shorten_deadlines
from conversations.completions.streams.registry import finish_at_exit
from llmselect_project.api import schema_view
from llmselect_project.api.bodies.wsgi import bounded
from llmselect_project.config.shutdown import before_kill
from llmselect_project.config.supervision import report
from perf.caching import heartbeat
from perf.caching.namespace import start_cold
from perf.db.sqlite3.checkpoints import keep_logs_short
from perf.serving.front import in_front_of
from perf.serving.pinning import pinned
from perf.timing import recorder


def _end_all() -> None:
    """Interrupt running calls and retries of storing, while there is time to store what has arrived."""
    shorten_deadlines()
    cancel_all()


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmselect_project.settings")

application = pinned(in_front_of(bounded(get_wsgi_application())), settings.SERVE_PIN)
recorder.serve()
start_cold()
heartbeat.start()
keep_logs_short()
keep_watch()
finish_at_exit()
schema_view.load()
warm_up()
before_kill(settings.SHUTDOWN_GRACE, _end_all)
report(settings.SHUTDOWN_GRACE)
