"""`manage.py warm_cache`: fill the caches with what most users will ask for first."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError
from django.http.response import HttpResponseBase
from django.urls import resolve
from django.utils.module_loading import import_string
from rest_framework.test import APIRequestFactory, force_authenticate

from perf.caching.outage import outage
from perf.caching.warming import WARMERS
from perf.management.shared import require_shared

if TYPE_CHECKING:
    from perf.caching.warming import Asked


class Command(BaseCommand):
    """Asks for what the apps registered as worth having for the most active users; run it after a deployment."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Choose how much is warmed."""
        parser.add_argument("--users", type=int, default=100, help="the most recently active users (default: 100)")

    def handle(self, *_: Any, users: int, **__: Any) -> None:
        """Warm, and say how much was cold."""
        if users < 0:
            raise CommandError("--users must not be negative.")
        require_shared()
        answers = [_answer(path, user) for path, user in _wanted(users)]
        if outage.lasting:
            raise CommandError("The cache does not answer.")
        cold = sum(response.headers.get("X-Cache") == "miss" for response in answers)
        self.stdout.write(f"Warmed {cold} of {len(answers)} lists; the others were warm.")


def _wanted(users: int) -> "Iterator[Asked]":
    for path in WARMERS:
        asking: Callable[[int], Iterator[Asked]] = import_string(path)
        yield from asking(users)


def _answer(path: str, user: AbstractBaseUser | None) -> HttpResponseBase:
    """Answer a GET in this process, by the view that would answer it over HTTP, so that the bytes are the same."""
    request = APIRequestFactory().get(path)
    if user is not None:
        force_authenticate(request, user)
    match = resolve(urlsplit(path).path)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    return response
