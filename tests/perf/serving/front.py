"""Test clients whose requests pass the layer in front of Django, as those of a server do."""

from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.test.client import ClientHandler
from rest_framework.test import APIClient

from perf.serving.front import Front


class FrontHandler(ClientHandler):
    """A handler of test clients with a layer of its own; `asked` counts the requests that reached Django."""

    def __init__(self, *, entries: int = 1_000, size: int = 10_000_000) -> None:
        super().__init__(enforce_csrf_checks=False)
        self.front = Front(self._ask_django, entries=entries, size=size)
        self.asked = 0

    def _ask_django(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked += 1
        response = super().__call__(environ)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response

    def __call__(self, environ: dict[str, Any]) -> HttpResponseBase:
        begun: list[Any] = []
        answer = self.front(environ, lambda *given: begun.extend(given))
        if isinstance(answer, HttpResponseBase):
            return answer
        response = HttpResponse(b"".join(answer), status=int(begun[0][:3]), headers=dict(begun[1]))
        response.wsgi_request = WSGIRequest(environ)
        return response


def behind_front(client: APIClient, **bounds: int) -> FrontHandler:
    """Have a client's requests pass the layer; returns it."""
    handler = client.handler = FrontHandler(**bounds)
    return handler
