"""Loaded by pytest before Django's settings: the tests always run as DJANGO_ENV=testing, with a folder of their own."""

import atexit
import os
import shutil
import tempfile

os.environ["DJANGO_ENV"] = "testing"
os.environ["FILES_DIR"] = tempfile.mkdtemp(prefix="llmselect-files-")
atexit.register(shutil.rmtree, os.environ["FILES_DIR"], ignore_errors=True)
