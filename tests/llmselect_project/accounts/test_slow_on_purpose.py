"""Checking a password takes long on purpose, and is not reported as a slow request."""

import logging

import pytest
from django.urls import resolve

from llmselect_project.apps import HASHES_A_PASSWORD
from perf.timing.recorder import FinishedRequest
from perf.timing.request_stats import RequestStats
from perf.timing.request_timing import report_if_notable


@pytest.mark.parametrize(("method", "route"), HASHES_A_PASSWORD)
def test_the_routes_exist(method, route):
    assert resolve("/" + route.replace("<id>", "1")).route == route
    assert method in ("POST", "DELETE")


def test_every_endpoint_that_asks_for_a_password_is_among_them():
    asking = {
        (method, f"api/v1/auth/{name}")
        for name in ("login", "logout", "me", "password", "refresh", "register")
        for method in getattr(resolve(f"/api/v1/auth/{name}").func.cls, "password_methods", ())
    }
    assert asking <= set(HASHES_A_PASSWORD)


@pytest.mark.parametrize(
    ("route", "seconds", "is_logged"),
    [
        ("api/v1/auth/login", 0.9, False),
        ("api/v1/auth/login", 5.1, True),
        ("admin/login/", 0.9, False),
        ("api/v1/chat", 0.9, True),
    ],
)
def test_what_is_logged(caplog, settings, route, seconds, is_logged):
    settings.SLOW_REQUEST_MS = 500
    finished = FinishedRequest("POST", route, 200, seconds, None)
    with caplog.at_level(logging.WARNING, "perf.slow_request"):
        report_if_notable(RequestStats(lambda: route), finished, request_id="the-id", user_id=None)
    assert ([record.message for record in caplog.records] == ["slow request"]) is is_logged
