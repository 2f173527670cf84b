"""Loaded by pytest before Django's settings: the tests always run as DJANGO_ENV=testing."""

import os

os.environ["DJANGO_ENV"] = "testing"
