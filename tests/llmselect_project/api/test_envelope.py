"""Every error of the API has one shape, whatever failed, however it was asked for, also with DEBUG."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.helpers import client_for, conversation, error

pytestmark = pytest.mark.django_db

NOT_FOUND = error("not_found", "Not found.")


@pytest.fixture(params=[False, True], ids=["", "debug"], autouse=True)
def debug(request, settings):
    settings.DEBUG = request.param


PATHS = ["/api", "/api/", "/api/nothing", "/api/v1/nothing", "/api/v2/chat", "/api/v1/nothing/", "/api//nothing"]
PATHS += ["/health/nothing", "/health/", "/metrics/nothing", "/api/v1/models/openai", "/api/v1/models/openai/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["*/*", "application/xml", "text/html"])
def test_unknown_paths(visitor, path, accept):
    response = visitor.get(path, HTTP_ACCEPT=accept)
    assert (response.status_code, response.json()) == (404, NOT_FOUND)
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_unknown_paths_by_any_method(visitor, method):
    response = getattr(visitor, method)("/api/v1/nothing")
    assert (response.status_code, response.json()) == (404, NOT_FOUND)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/keys/openai/more", "/health/nothing", "/metrics/nothing"])
def test_unknown_paths_in_a_browser(ann, method, with_token, path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    browser.get("/api-auth/login/")
    token = {"x-csrftoken": browser.cookies["csrftoken"].value} if with_token else {}
    for content_type in ("application/json", "application/x-www-form-urlencoded"):
        response = getattr(browser, method)(path, "x", content_type=content_type, headers=token)
        assert (response.status_code, response.json()) == (404, NOT_FOUND)


SLASHES = {
    "/api/v1/models/": "/api/v1/models",
    "/api/v1/chat/": "/api/v1/chat",
    "/api/v1/chat/stream//": "/api/v1/chat/stream",
    "/api/v1//conversations": "/api/v1/conversations",
    "/api//v1/auth/login/": "/api/v1/auth/login",
    "/api/v1/models/openai/stub/": "/api/v1/models/openai/stub",
    "/api/v1/keys/openai/": "/api/v1/keys/openai",
    "/api/docs/": "/api/docs",
    "/api/v1//": "/api/v1",
}


@pytest.mark.parametrize("path", SLASHES)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_a_slash_too_many(visitor, openai, path, method):
    if (method, path) == ("get", "/api/v1/models/openai/stub/"):
        assert visitor.get(SLASHES[path]).status_code == 200
    right = SLASHES[path]
    response = getattr(visitor, method)(path)
    expected = error("not_found", f"Not found: the path is {right}, without the needless slash.", {"path": right})
    if path.endswith("stub/") and method != "get":  # an address of a model takes GET alone
        expected = error("method_not_allowed", f'Method "{method.upper()}" not allowed.')
    assert response.json() == expected


def test_a_page_that_only_takes_a_get(visitor):
    browser = Client(enforce_csrf_checks=True)
    response = browser.post("/metrics")
    assert (response.status_code, response.json()["error"]) == (405, "method_not_allowed")


WRONG_METHODS = [
    ("get", "/api/v1/chat"),
    ("get", "/api/v1/chat/stream"),
    ("put", "/api/v1/conversations"),
    ("post", "/api/v1/conversations/00000000-0000-0000-0000-000000000000"),
    ("post", "/api/v1/conversations/00000000-0000-0000-0000-000000000000/export"),
    ("get", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/me"),
    ("post", "/api/v1/models"),
    ("post", "/api/v1/keys"),
    ("put", "/api/v1/keys/system"),
    ("post", "/health"),
    ("delete", "/health/live"),
]


@pytest.mark.parametrize(("method", "path"), WRONG_METHODS)
def test_wrong_methods(api, method, path):
    response = getattr(api, method)(path)
    expected = error("method_not_allowed", f'Method "{method.upper()}" not allowed.')
    assert (response.status_code, response.json()) == (405, expected)


@pytest.mark.parametrize("accept", ["application/xml", "text/event-stream", "image/*;q=0.1", "nonsense", "", "a/b;q=x"])
@pytest.mark.parametrize("path", ["/api/v1/conversations", "/api/v1/models", "/health"])
def test_accept_never_fails(api, path, accept):
    response = api.get(path, HTTP_ACCEPT=accept)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("name", ["xml", "api", "json", "nonsense"])
def test_format_is_no_parameter(api, name):
    response = api.get("/api/v1/conversations", {"format": name})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/nothing", "/api/schema", "/api/nothing"])
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_host_that_is_not_ours(visitor, path, accept):
    response = visitor.get(path, HTTP_HOST="elsewhere.example", HTTP_ACCEPT=accept)
    assert response.status_code == 400
    assert response.json() == error("invalid", "This name is not in ALLOWED_HOSTS.")


def test_a_page_under_a_host_that_is_not_ours(visitor):
    response = visitor.get("/admin/login/", HTTP_HOST="elsewhere.example")
    assert (response.status_code, response.content) == (400, b"This name is not in ALLOWED_HOSTS.")


def test_a_missing_csrf_token(ann):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    response = browser.post("/api/v1/conversations", {}, content_type="application/json")
    assert (response.status_code, response.json()["error"]) == (403, "permission_denied")
    assert response.json()["details"] == {}


@pytest.mark.parametrize("accept", ["application/json", "text/html", "*/*"])
def test_a_crash_outside_rest_framework(settings, accept):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.llmselect_project.api.test_envelope.crash"]
    response = APIClient(raise_request_exception=False).get("/api/v1/models", HTTP_ACCEPT=accept)
    assert (response.status_code, response.json()) == (
        500,
        error("server_error", "Something went wrong on the server."),
    )


def crash(get_response):
    """Be a middleware that fails."""

    def fail(request):
        raise RuntimeError("a secret")

    return fail


def test_pages_stay_pages(visitor):
    response = visitor.get("/nothing")
    assert (response.status_code, response.headers["Content-Type"].partition(";")[0]) == (404, "text/html")


# OPTIONS and the browsable API

LISTS = ["/api/v1/conversations", "/api/v1/keys", "/api/v1/keys/system", "/api/v1/models", "/api/v1/auth/me"]
OTHERS = ["/api/v1/keys/openai", "/api/v1/chat", "/api/v1/chat/stream", "/api/v1/auth/login", "/api/v1/auth/register"]
OTHERS += ["/api/v1/auth/password", "/api/v1/auth/refresh", "/api/v1/auth/logout"]


@pytest.mark.parametrize("path", [*LISTS, *OTHERS, "/health"])
def test_options(api, openai, path):
    assert api.options(path).status_code == 200


@pytest.mark.parametrize("path", [*LISTS, *OTHERS])
def test_the_browsable_api(ann, openai, path):
    browser = Client()
    browser.force_login(ann)
    response = browser.get(path, headers={"accept": "text/html"})
    assert response.status_code == (200 if path in LISTS else 405)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_the_browsable_api_of_a_conversation(ann):
    browser, row = Client(), conversation(ann, messages=60)
    browser.force_login(ann)
    for path in (f"/api/v1/conversations/{row.pk}", f"/api/v1/conversations/{row.pk}/messages"):
        response = browser.get(path, headers={"accept": "text/html"})
        assert (response.status_code, b"message 59" in response.content) == (200, True)


def test_each_response_has_an_id_and_a_time(ann):
    response = client_for(ann).get("/api/v1/auth/me", HTTP_X_REQUEST_ID="mine-1")
    assert response.headers["X-Request-ID"] == "mine-1"
    assert response.headers["X-Response-Time"].endswith("s")
    assert float(response.headers["X-Response-Time"][:-1]) < 5


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "a\tb", '"'])
def test_an_id_that_is_none_is_replaced(visitor, given):
    made = visitor.get("/health/live", HTTP_X_REQUEST_ID=given).headers["X-Request-ID"]
    assert made != given
    assert len(made) == 32
