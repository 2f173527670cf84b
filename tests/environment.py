"""Loaded by pytest before Django's settings: the tests always run as DJANGO_ENV=testing, with a folder of their own.

Processes of pytest-xdist, of which pytest-django gives each a database of its own, take as many Redis databases, from
that of REDIS_URL on.
"""

import atexit
import os
import shutil
import tempfile

os.environ["DJANGO_ENV"] = "testing"
os.environ["FILES_DIR"] = tempfile.mkdtemp(prefix="llmselect-files-")
atexit.register(shutil.rmtree, os.environ["FILES_DIR"], ignore_errors=True)

if os.environ.get("REDIS_URL") and (process := os.environ.get("PYTEST_XDIST_WORKER")):
    server, _, number = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{server}/{int(number) + int(process.removeprefix('gw'))}"
