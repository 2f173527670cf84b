"""Who may do what: the expected status of every route and method, for each kind of caller.

Codes are those of nobody, another user, staff, and the owner of what the path or the body names; where four are the
same one stands for all. Methods that are not named are answered by the default of the row's kind.
"""

from typing import Any, NamedTuple

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")

PUBLIC = "405"
PRIVATE = "401 405 405 405"
STAFF = "401 403 405 403"  # the owner is an ordinary user
OPTIONS = {PUBLIC: "200", PRIVATE: "401 200 200 200", STAFF: "401 403 200 403"}


class Row(NamedTuple):
    """What is expected of a route; `body` is sent with every method, `{...}` in it stand for what Ann owns."""

    default: str
    codes: dict[str, str]
    body: dict[str, Any] = {}
    optional: bool = False

    def expected(self, method: str) -> list[int]:
        """Give the four codes of a method."""
        codes = {"OPTIONS": OPTIONS[self.default], "HEAD": self.codes.get("GET", self.default), **self.codes}
        each = codes.get(method, self.default).split()
        return [int(code) for code in (each * 4 if len(each) == 1 else each)]


ALL_PRIVATE = "401 200 200 200"
OWN = "401 404 404 200"
STAFFS = "401 404 200 200"
CHOICE = {"provider": "echo", "model": "echo-fast"}
CREDENTIALS = {"username": "ann", "password": "correct horse battery"}
NOBODYS = "401 404 404 404"
GATEWAY = {"model": "echo/echo-fast", "messages": [{"role": "user", "content": "hi"}]}
COMPARE = {"prompt": "hi", "models": [CHOICE, CHOICE]}

TABLE = {
    "api/v1": Row(PUBLIC, {"GET": "200"}),
    "api/v1/": Row(PUBLIC, {"GET": "200"}),
    "api/v1/auth/register": Row(PUBLIC, {"POST": "403"}, CREDENTIALS),
    "api/v1/auth/login": Row(PUBLIC, {"POST": "200"}, CREDENTIALS),
    "api/v1/auth/refresh": Row(PUBLIC, {"POST": "200"}, {"refresh": "{refresh}"}),
    "api/v1/auth/logout": Row(PUBLIC, {"POST": "204"}, {"refresh": "{refresh}"}),
    "api/v1/auth/password": Row(
        PRIVATE,
        {"POST": "401 204 204 204"},
        {"current_password": "correct horse battery", "new_password": "a staple for it"},
    ),
    "api/v1/auth/me": Row(
        PRIVATE, {"GET": ALL_PRIVATE, "DELETE": "401 204 204 204"}, {"password": "correct horse battery"}
    ),
    "api/v1/admin/cache/clear": Row(STAFF, {"POST": "401 403 200 403"}),
    "api/v1/admin/cache/stats": Row(STAFF, {"GET": "401 403 200 403"}),
    "api/v1/admin/models/refresh": Row(STAFF, {"POST": "401 403 200 403"}, {"provider": "echo"}),
    "api/v1/models": Row(PUBLIC, {"GET": "200"}),
    "api/v1/models/<slug:provider>/<path:model_id>": Row(PUBLIC, {"GET": "200"}),
    "api/v1/models/<slug:provider>/<path:model_id>/history": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/tokens": Row(PRIVATE, {"GET": ALL_PRIVATE, "POST": "401 201 201 201"}, {"name": "laptop"}),
    "api/v1/tokens/<uuid:pk>": Row(PRIVATE, {"GET": OWN, "PATCH": OWN, "DELETE": "401 404 404 204"}, {"name": "phone"}),
    "api/v1/keys": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/keys/system": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    # Everybody stores a key of their own under this path; only Ann has one to delete.
    "api/v1/keys/<slug:provider>": Row(
        PRIVATE, {"PUT": ALL_PRIVATE, "DELETE": "401 404 404 204"}, {"key": "sk-0123456789abcdef"}
    ),
    "api/v1/select": Row(PRIVATE, {"POST": ALL_PRIVATE}, {"message": "hi"}),
    "api/v1/selection/settings": Row(PRIVATE, {"GET": ALL_PRIVATE, "PUT": ALL_PRIVATE, "DELETE": "401 204 204 204"}),
    "api/v1/usage": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/budgets": Row(PRIVATE, {"GET": ALL_PRIVATE, "POST": "401 201 201 201"}, {"period": "total", "limit": 5}),
    # Staff see everybody's.
    "api/v1/budgets/<uuid:pk>": Row(
        PRIVATE, {"GET": STAFFS, "PATCH": STAFFS, "DELETE": "401 404 204 204"}, {"limit": "7.5"}
    ),
    "api/v1/chat": Row(PRIVATE, {"POST": OWN}, {"conversation_id": "{conversation}", "message": "hi"}),
    "api/v1/chat/stream": Row(PRIVATE, {"POST": OWN}, {"conversation_id": "{conversation}", "message": "hi"}),
    "api/v1/compare": Row(PRIVATE, {"POST": ALL_PRIVATE}, COMPARE),
    "api/v1/compare/stream": Row(PRIVATE, {"POST": ALL_PRIVATE}, COMPARE),
    # Ann's own are tested beside the streams: there is none here.
    "api/v1/chat/streams/<uuid:pk>": Row(PRIVATE, {"GET": NOBODYS}),
    "api/v1/chat/streams/<uuid:pk>/stop": Row(PRIVATE, {"POST": NOBODYS}),
    "api/v1/compare/streams/<uuid:pk>": Row(PRIVATE, {"GET": NOBODYS}),
    "api/v1/compare/streams/<uuid:pk>/stop": Row(PRIVATE, {"POST": NOBODYS}),
    "v1/chat/completions": Row(PRIVATE, {"POST": ALL_PRIVATE}, GATEWAY),
    "v1/messages": Row(PRIVATE, {"POST": ALL_PRIVATE}, {**GATEWAY, "max_tokens": 9}),
    "v1/messages/count_tokens": Row(PRIVATE, {"POST": ALL_PRIVATE}, GATEWAY),
    "v1/responses": Row(PRIVATE, {"POST": ALL_PRIVATE}, {"model": "echo/echo-fast", "input": "hi"}),
    "v1/responses/<str:response_id>": Row(PRIVATE, {"GET": OWN, "DELETE": OWN}),
    "v1/models": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "v1/models/<path:name>": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/leaderboard": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/leaderboard/pairs": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/conversations": Row(PRIVATE, {"GET": ALL_PRIVATE, "POST": "401 201 201 201"}, CHOICE),
    "api/v1/conversations/<uuid:pk>": Row(
        PRIVATE, {"GET": OWN, "PATCH": OWN, "DELETE": "401 404 404 204"}, {"title": "mine now"}
    ),
    "api/v1/conversations/<uuid:pk>/messages": Row(PRIVATE, {"GET": OWN}),
    "api/v1/conversations/<uuid:pk>/export": Row(PRIVATE, {"GET": OWN}),
    "api/v1/conversations/<uuid:pk>/share": Row(PRIVATE, {"POST": "401 404 404 201"}),
    "api/v1/shares": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/shares/<uuid:pk>": Row(PRIVATE, {"DELETE": "401 404 404 204"}),
    "api/v1/export": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/messages/<uuid:pk>": Row(PRIVATE, {"PATCH": OWN, "DELETE": "401 404 404 204"}, {"content": "hi"}),
    "api/v1/messages/<uuid:pk>/retry": Row(PRIVATE, {"POST": OWN}),
    "api/v1/messages/<uuid:pk>/retry/stream": Row(PRIVATE, {"POST": OWN}),
    # The answer there was not interrupted.
    "api/v1/messages/<uuid:pk>/continue": Row(PRIVATE, {"POST": "401 404 404 400"}),
    "api/v1/messages/<uuid:pk>/continue/stream": Row(PRIVATE, {"POST": "401 404 404 400"}),
    # A body that is no history is refused.
    "api/v1/imports": Row(PRIVATE, {"GET": ALL_PRIVATE, "POST": "401 400 400 400"}),
    "api/v1/imports/<uuid:pk>": Row(PRIVATE, {"GET": OWN, "DELETE": OWN}),
    "api/v1/imports/<uuid:pk>/cancel": Row(PRIVATE, {"POST": "401 404 404 409"}),
    # A body of any type is a file.
    "api/v1/files": Row(PRIVATE, {"GET": ALL_PRIVATE, "POST": "401 201 201 201"}),
    "api/v1/files/<uuid:pk>": Row(PRIVATE, {"GET": OWN, "DELETE": "401 404 404 204"}),
    "api/v1/files/<uuid:pk>/content": Row(PRIVATE, {"GET": OWN}),
    "api/v1/comparisons": Row(PRIVATE, {"GET": ALL_PRIVATE}),
    "api/v1/comparisons/<uuid:pk>": Row(PRIVATE, {"GET": OWN, "DELETE": "401 404 404 204"}),
    "api/v1/comparisons/<uuid:pk>/analyze": Row(PRIVATE, {"POST": OWN}, CHOICE),
    "api/v1/comparisons/<uuid:pk>/vote": Row(PRIVATE, {"POST": OWN, "DELETE": OWN}, {"preferred_index": 0}),
    "api/v1/prompt-sets": Row(
        PRIVATE, {"GET": ALL_PRIVATE, "POST": "401 201 201 201"}, {"name": "x", "prompts": [{"turns": ["x"]}]}
    ),
    "api/v1/prompt-sets/<uuid:pk>": Row(
        PRIVATE, {"GET": OWN, "PATCH": OWN, "DELETE": "401 404 404 204"}, {"name": "mine now"}
    ),
    # Nobody but Ann has the set that the body names.
    "api/v1/replays": Row(
        PRIVATE,
        {"GET": ALL_PRIVATE, "POST": "401 400 400 202"},
        {"models": [CHOICE], "source": {"type": "set", "set": "{prompt_set}"}},
    ),
    "api/v1/replays/<uuid:pk>": Row(PRIVATE, {"GET": OWN, "DELETE": "401 404 404 204"}),
    "api/v1/replays/<uuid:pk>/cancel": Row(PRIVATE, {"POST": "401 404 404 409"}),
    "api/v1/replays/<uuid:pk>/table": Row(PRIVATE, {"GET": OWN}),
    "api/v1/admin/health/detailed": Row(STAFF, {"GET": "401 403 200 403"}, optional=True),
    "api/v1/admin/perf/requests": Row(STAFF, {"GET": "401 403 200 403"}, optional=True),
    "api/v1/admin/perf/queries": Row(STAFF, {"GET": "401 403 200 403"}, optional=True),
    "api/v1/admin/perf/caches": Row(STAFF, {"GET": "401 403 200 403"}, optional=True),
    "api/schema": Row(PUBLIC, {"GET": "200"}),
    "api/docs": Row(PUBLIC, {"GET": "200", "OPTIONS": "405"}),
    "health": Row(PUBLIC, {"GET": "200"}),
    "health/live": Row(PUBLIC, {"GET": "200"}),
    "metrics": Row(PUBLIC, {"GET": "200", "OPTIONS": "405"}),
    # Pages; without its form's token and fields a POST changes nothing.
    "api-auth/login/": Row(PUBLIC, {"GET": "200", "POST": "200", "PUT": "200"}),
    "api-auth/logout/": Row(PUBLIC, {"POST": "302"}),
    # The page for people, which sends whoever has no browser session to its form.
    "": Row("405", {"GET": "302", "OPTIONS": "405"}),
    "^(?:chat|compare|arena|models|usage|settings)(?:/[^/]+)*$": Row("405", {"GET": "302", "OPTIONS": "405"}),
    "s/<str:token>": Row(PUBLIC, {"GET": "200"}),
    "s/<str:token>.json": Row(PUBLIC, {"GET": "200"}),
    "app/<slug:digest>/<path:name>": Row("405", {"GET": "404", "OPTIONS": "405"}),
    "login": Row(PUBLIC, {"GET": "200", "POST": "200", "PUT": "200"}),
    "logout": Row(PUBLIC, {"POST": "302", "OPTIONS": "405"}),
    "register": Row("405", {"GET": "302", "OPTIONS": "405"}),
    # Whatever has no route.
    "^(?:api|v1|health|metrics)(?:/|$)": Row("404", {"OPTIONS": "404"}),
    "admin": Row("302", {"OPTIONS": "302", "TRACE": "405"}),
    "favicon.ico": Row("302", {"OPTIONS": "302", "TRACE": "405"}),
}
OPTIONS["404"] = OPTIONS["302"] = ""

# Pages of the admin: whoever is not staff is sent to the login. Staff without permissions get what is said here, and
# 403 on every page of a model.
ADMIN_TABLE = {
    "admin/": 200,
    "admin/login/": 302,
    "admin/logout/": 405,  # it takes a POST
    "admin/password_change/": 200,
    "admin/password_change/done/": 200,
    "admin/autocomplete/": 403,
    "admin/jsi18n/": 200,
    "admin/r/<path:content_type_id>/<path:object_id>/": 404,
    "admin/^(?P<app_label>auth|llmselect_project|conversations|models_registry)/$": 404,
    "admin/(?P<url>.*)$": 404,
    "admin/perf/": 200,
    "admin/perf/cache/": 200,
    "admin/perf/request/": 200,
    "admin/perf/route/": 404,  # nobody asked for it
    "admin/perf/queries/<slug:fingerprint>/": 404,  # nobody sent it
}
