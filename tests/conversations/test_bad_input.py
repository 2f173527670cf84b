"""What no client should send: the envelope with the right 4xx, never a 500, and nothing stored."""

from io import BytesIO

import pytest
from django.core.wsgi import get_wsgi_application
from django.db.models import Model
from django.test import Client

from conversations.models import Conversation, Message
from llmselect_project.api.bodies.wsgi import bounded
from tests.helpers import conversation, error, invalid

pytestmark = pytest.mark.django_db

CHAT, STREAM, CONVERSATIONS = "/api/v1/chat", "/api/v1/chat/stream", "/api/v1/conversations"
HELLO = {"provider": "openai", "model": "stub", "message": "hello"}
TABLES: tuple[type[Model], ...] = (Conversation, Message)


@pytest.fixture(params=[CHAT, STREAM])
def chat(request):
    """Stand for both ways to chat."""
    return request.param


@pytest.fixture(autouse=True)
def nothing_stored(openai, stub):
    yield
    assert [table.objects.count() for table in TABLES] == [0, 0]
    assert stub.requests == []


def refused(response, *fields):
    """Assert a validation error that names these fields."""
    assert response.status_code == 400, response.content
    body = response.json()
    assert set(body) == {"error", "message", "details"}
    assert (body["error"], sorted(body["details"])) == ("invalid", sorted(fields))
    assert all(isinstance(sentences, list) and all(sentences) for sentences in body["details"].values())


def raw(api, path, body, content_type="application/json", **more):
    return api.generic("POST", path, body, content_type=content_type, **more)


TEXTS = [None, 5, 1.5, True, [], {}, ["hello"], "", " ", "\n\t", "\u3000", "x" * 100_001, "a\0b"]


@pytest.mark.parametrize("message", TEXTS, ids=lambda value: repr(value)[:12])
def test_invalid_messages(api, chat, message):
    refused(api.post(chat, {**HELLO, "message": message}), "message")


@pytest.mark.parametrize("value", [5, True, [], {}, "x" * 100_001, "a\0b"], ids=lambda value: repr(value)[:12])
def test_invalid_system_prompts(api, chat, value):
    refused(api.post(chat, {**HELLO, "system": value}), "system")


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", "nobody", "a\0b", "x" * 1000, "OpenAI "])
def test_invalid_providers(api, chat, value):
    refused(api.post(chat, {**HELLO, "provider": value}), "provider")


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "", " ", "x" * 201, "a\0b"])
def test_invalid_models(api, chat, value):
    refused(api.post(chat, {**HELLO, "model": value}), "model")


@pytest.mark.parametrize(
    "value", ["", "1", -0.1, 2.1, True, [], {}, "hot", 10**400, -(10**400)], ids=lambda v: repr(v)[:9]
)
def test_invalid_temperatures(api, chat, value):
    refused(api.post(chat, {**HELLO, "temperature": value}), "temperature")


@pytest.mark.parametrize("value", ["", "1", 0, -1, 1.5, True, [], {}, 10**7 + 1, 10**400], ids=lambda v: repr(v)[:9])
def test_invalid_token_limits(api, chat, value):
    refused(api.post(chat, {**HELLO, "max_tokens": value}), "max_tokens")


@pytest.mark.parametrize(
    "value", ["", "1", "nonsense", 5, -5, True, 1.5, [], {}, "x" * 32, "a\0b", 2**200], ids=lambda v: repr(v)[:9]
)
def test_invalid_conversation_ids(api, chat, value):
    refused(api.post(chat, {**HELLO, "conversation_id": value}), "conversation_id")


def test_missing_required_fields(api, chat):
    required = "This field is required."
    response = api.post(chat, {})
    assert (response.status_code, response.json()) == (
        400,
        invalid(provider=required, model=required, message="Give exactly one of `message` and `messages`."),
    )


def test_exactly_one_of_message_and_messages(api, chat):
    both = {**HELLO, "messages": [{"role": "user", "content": "hello"}]}
    refused(api.post(chat, both), "message")
    refused(api.post(chat, {"provider": "openai", "model": "stub"}), "message")


def turns(api, path, messages, **more):
    return api.post(path, {"provider": "openai", "model": "stub", "messages": messages, **more})


USER = {"role": "user", "content": "hello"}


@pytest.mark.parametrize("messages", [None, [], {}, "hello", 5, [USER] * 201], ids=lambda value: repr(value)[:9])
def test_messages_must_be_a_list_within_the_limit(api, chat, messages):
    refused(turns(api, chat, messages), "messages")


@pytest.mark.parametrize(
    ("turn", "field"),
    [
        ({"role": "user"}, "messages.1.content"),
        ({"content": "hello"}, "messages.1.role"),
        ({"role": "tool", "content": "hello"}, "messages.1.role"),
        ({"role": None, "content": "hello"}, "messages.1.role"),
        ({"role": ["user"], "content": "hello"}, "messages.1.role"),
        ({"role": "user", "content": ["hello"]}, "messages.1.content"),
        ({"role": "user", "content": ""}, "messages.1.content"),
        ({"role": "user", "content": "x" * 100_001}, "messages.1.content"),
        ("hello", "messages.1"),
        (None, "messages.1"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_invalid_turn(api, chat, turn, field):
    refused(turns(api, chat, [USER, turn]), field)


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_the_last_message_must_be_by_the_user(api, chat, role):
    refused(turns(api, chat, [USER, {"role": role, "content": "hello"}]), "messages")


def test_messages_begin_a_conversation_and_never_continue_one(api, chat, ann):
    row = conversation(ann)
    refused(turns(api, chat, [USER], conversation_id=str(row.pk)), "messages")
    row.delete()


@pytest.mark.parametrize("body", [b"null", b"5", b'"hello"', b"[]", b"true"])
def test_a_body_that_is_not_an_object(api, chat, body):
    refused(raw(api, chat, body), "non_field_errors")


BROKEN = [b"{", b"{'a': 1}", b"\xff\xfe", b"{}{}", b"NaN", b'{"temperature": Infinity}', b"\xef\xbb\xbf{}", b'"\n"']
DEEP = [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"9" * 5000]


@pytest.mark.parametrize("body", BROKEN + DEEP, ids=lambda body: repr(body[:20]))
def test_broken_json(api, chat, body):
    response = raw(api, chat, body)
    assert (response.status_code, response.json()["error"]) == (400, "parse_error")
    assert response.json()["details"] == {}


def test_deep_nesting_is_a_validation_error(api, chat):
    refused(
        raw(api, chat, b'{"provider":"openai","model":"stub","message":' + b"[" * 500 + b"]" * 500 + b"}"), "message"
    )


TOO_LARGE = error("request_too_large", "The request body is larger than 2,000,000 bytes.")


@pytest.mark.parametrize("path", [CHAT, STREAM, CONVERSATIONS])
def test_three_megabytes(api, path):
    response = raw(api, path, b'{"message": "' + b"x" * 3_000_000 + b'"}')
    assert (response.status_code, response.json()) == (413, TOO_LARGE)


def test_the_limit_is_two_million_bytes(api):
    body = b'{"message": "' + b"x" * (2_000_000 - 15) + b'"}'
    assert raw(api, CHAT, body).status_code == 400
    assert raw(api, CHAT, body + b" ").status_code == 413


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "nonsense",
        "",
    ],
)
def test_a_body_that_is_not_json(api, chat, kind):
    response = raw(api, chat, b"message=hello", content_type=kind)
    assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"])
def test_other_json_content_types(api, chat, kind):
    refused(raw(api, chat, b"{}", content_type=kind), "provider", "model", "message")


@pytest.mark.parametrize("body", [b"a=b&" * 800_000, b"a=b&" * 2_000], ids=["large", "many fields"])
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x"]
)
def test_a_form_from_a_browser(ann, body, kind):
    """With a session Django looks for the CSRF token in the form before REST framework sees it."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    browser.cookies["csrftoken"] = "x" * 32
    response = browser.generic("POST", CHAT, body, content_type=kind)
    assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type")


# NUL and lone surrogates

CHAT_FIELDS = [
    (b'"message": %s', "message"),
    (b'"system": %s, "message": "x"', "system"),
    (b'"message": "x", "conversation_id": %s', "conversation_id"),
    (b'"messages": [{"role": "user", "content": %s}]', "messages.0.content"),
    (b'"messages": [{"role": %s, "content": "x"}]', "messages.0.role"),
]


@pytest.mark.parametrize("text", [b'"a\\u0000b"', b'"a\\ud800b"', b'"\\udc00"'], ids=["nul", "high", "low"])
@pytest.mark.parametrize(("field", "name"), CHAT_FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_text_that_cannot_be_stored(api, chat, field, name, text):
    refused(raw(api, chat, b'{"provider": "openai", "model": "stub", ' + field % text + b"}"), name)


@pytest.mark.parametrize("text", [b'"a\\u0000b"', b'"a\\ud800b"'], ids=["nul", "surrogate"])
@pytest.mark.parametrize("name", ["provider", "model", "title"])
def test_text_that_cannot_be_stored_in_a_new_conversation(api, name, text):
    fields = {"provider": b'"openai"', "model": b'"stub"', name: text}
    body = b", ".join(b'"%s": %s' % (key.encode(), value) for key, value in fields.items())
    refused(raw(api, CONVERSATIONS, b"{" + body + b"}"), name)


def test_a_pair_of_surrogates_is_text(api, chat):
    refused(raw(api, chat, b'{"provider": "nobody", "model": "stub", "message": "\\ud83d\\ude00"}'), "provider")


def test_names_of_fields_that_cannot_be_stored(api, chat):
    refused(raw(api, chat, b'{"\\ud800": 1, "a\\u0000": 2}'), "provider", "model", "message", "?", "a\0")


@pytest.mark.parametrize("value", ["%00", "a%00b", "%ED%A0%80", "%ED%BF%BF", "%FF", "%C0%80"])
@pytest.mark.parametrize(
    "name", ["search", "provider", "model", "cursor", "ordering", "page_size", "unknown", "format"]
)
def test_query_strings_that_cannot_be_stored(api, name, value):
    response = api.get(f"{CONVERSATIONS}?{name}={value}")
    assert response.status_code == 400
    assert (response.json()["error"], set(response.json())) == ("invalid", {"error", "message", "details"})


@pytest.mark.parametrize(
    "path", ["models", "conversations/x%00", "models/openai/a%00b", "keys/a%00", "%ED%A0%80", "%FF"]
)
def test_paths_that_cannot_be_stored(api, path):
    response = api.get(f"/api/v1/{path}?search=%00" if path == "models" else f"/api/v1/{path}")
    assert response.status_code == (400 if path == "models" else 404)
    assert set(response.json()) == {"error", "message", "details"}


# A body in chunks, as the server's own entry sees it


def in_chunks(body, api, path=CHAT):
    """Post as a WSGI server passes on a request with Transfer-Encoding: chunked."""
    answer = {}
    environ = api._base_environ(PATH_INFO=path, REQUEST_METHOD="POST", CONTENT_TYPE="application/json")
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(body), **api._credentials}
    environ.pop("CONTENT_LENGTH", None)
    response = bounded(get_wsgi_application())(
        environ, lambda status, headers: answer.update(status=status, headers=dict(headers))
    )
    try:
        return int(answer["status"].split()[0]), b"".join(response)
    finally:
        response.close()


@pytest.mark.django_db(transaction=True)
def test_a_body_in_chunks_is_read(api):
    status, content = in_chunks(b'{"provider": "nobody"}', api)
    assert (status, b"There is no provider with this name." in content) == (400, True)


@pytest.mark.django_db(transaction=True)
def test_a_body_in_chunks_has_the_same_limit(api):
    status, content = in_chunks(b'{"message": "' + b"x" * 3_000_000 + b'"}', api)
    assert (status, b"request_too_large" in content) == (413, True)
