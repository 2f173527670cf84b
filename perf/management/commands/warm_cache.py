"""`manage.py warm_cache`: fill the caches with the lists that users are likely to request first."""

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.module_loading import import_string
from rest_framework.test import APIRequestFactory, force_authenticate

from perf.caching.outage import outage
from perf.caching.warming import WARMERS
from perf.management.shared import require_shared_cache


class Command(BaseCommand):
    """Requests the paths that apps registered for warming, for the most active users; run it after a deployment."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option that limits the users."""
        parser.add_argument(
            "--users", type=int, default=100, help="number of users, the most recently active first (default: 100)"
        )

    def handle(self, *_: Any, users: int, **__: Any) -> None:
        """Warm, and print how many lists were cold. Raises CommandError without Redis, and when it does not answer."""
        if users < 0:
            raise CommandError("--users must not be negative.")
        require_shared_cache()
        responses = [_get(path, user) for warmer in WARMERS for path, user in import_string(warmer)(users)]
        if outage.active:
            raise CommandError("The cache does not answer.")
        cold = sum(response.headers.get("X-Cache") == "miss" for response in responses)
        self.stdout.write(f"Warmed {cold} of {len(responses)} lists; the others were warm.")


def _get(path: str, user: AbstractBaseUser | None) -> HttpResponseBase:
    """Run the view of a path in this process, so that it caches the same bytes as a request over HTTP."""
    request = APIRequestFactory().get(path)
    if user is not None:
        force_authenticate(request, user)
    match = resolve(urlsplit(path).path)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response
