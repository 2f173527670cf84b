"""Every operation says what it is for, and its examples work: each is sent as it stands, and answered as it shows."""

import json
from datetime import datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from jsonschema import Draft7Validator, FormatChecker
from rest_framework.test import APIClient

from conversations.chat.examples import REQUEST
from conversations.comparisons.examples import COMPARISON
from conversations.comparisons.examples import REQUEST as COMPARED
from conversations.comparisons.replays.examples import REPLAY_ID, SET_ID
from conversations.files.examples import FILE, TEXT
from conversations.files.service import store
from conversations.history.examples import ANSWER, CONVERSATION, QUESTION
from conversations.history.importing.examples import DONE as IMPORT
from conversations.history.sharing.examples import ID as SHARE_ID
from conversations.models import (
    Comparison,
    ComparisonResult,
    Conversation,
    Import,
    Message,
    SelectionSettings,
    Share,
    StoredFile,
)
from conversations.selection.examples import FAST, SLOW
from llmselect_project.accounts import examples
from llmselect_project.accounts.sessions import start_session
from llmselect_project.models import ApiToken
from llmselect_project.tokens.examples import TOKEN
from models_registry.catalogue.sync import sync
from models_registry.keys.storage import store_key
from models_registry.models import Budget, Provider
from models_registry.spending.budgets.examples import ID as BUDGET_ID
from perf.models import Job
from tests.conversations.comparisons.replays import replay_of_examples
from tests.helpers import client_with
from tests.openapi import SCHEMA, resolved

OPERATIONS = [(method, path) for path, methods in SCHEMA["paths"].items() for method in methods]
EVERY = pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=[" ".join(each) for each in OPERATIONS])
TAGS = ["chat", "compare", "gateway", "conversations", "files", "imports", "models", "keys", "usage", "auth", "tokens"]
TAGS += ["health", "admin"]
JSON, STREAM, ZIP = "application/json", "text/event-stream", "application/zip"
FORMATS = FormatChecker(["uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def is_moment(value):
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def operation(method, path):
    return SCHEMA["paths"][path][method]


def values(media):
    return [each["value"] for each in media.get("examples", {}).values()]


def requests(said):
    """Return media type and value of each example of a request."""
    content = said.get("requestBody", {}).get("content", {})
    return [(media_type, value) for media_type, media in content.items() for value in values(media)]


def successes(method, path):
    """Yield status, media type and what is said of it, for each body that a success may have."""
    for code, response in operation(method, path)["responses"].items():
        if code.startswith("2"):
            for media_type, media in response.get("content", {}).items():
                yield int(code), media_type, media


def in_stream(text):
    return [json.loads(each.removeprefix("data: ")) for each in text.split("\n") if each.startswith("data: ")]


def shape(value):
    """Reduce a body to the names of its fields and the kinds of its values; of a list to its first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def alike(shown, real):
    """Compare shapes; null and an empty list are like anything, and so are the keys of counts by a name."""
    if isinstance(shown, dict) and isinstance(real, dict):
        if not shown or set(shown) != set(real):
            return all(each == "number" for each in (*shown.values(), *real.values()))
        return all(alike(each, real[name]) for name, each in shown.items())
    if isinstance(shown, list) and isinstance(real, list):
        return not shown or not real or alike(shown[0], real[0])
    return shown == real or "NoneType" in (shown, real)


def stored(model, values):
    """Leave out of an answer what is derived from the columns of its row."""
    columns = {field.name for field in model._meta.concrete_fields}
    return {name: value for name, value in values.items() if name in columns}


class World:
    """Ann with a conversation, a comparison and a key, under the ids that the examples show, and a client of hers."""

    def __init__(self, method, path):
        sync(check=False)
        self.client, self.refresh = APIClient(), ""
        if path.endswith("/register"):
            return
        self.ann = User.objects.create_user(
            examples.NAME, password=examples.PASSWORD, is_staff=path.startswith("/api/v1/admin/")
        )
        tokens = start_session(user=self.ann)
        self.client, self.refresh = client_with(tokens.access), tokens.refresh
        row = Conversation.objects.create(user=self.ann, **stored(Conversation, CONVERSATION))
        messages = [stored(Message, {**each, "reasoning": ""}) for each in (QUESTION, ANSWER)]
        if "/continue" in path:  # the answer as it was before
            messages[1] |= {"content": "Hello, ", "status": "interrupted", "error": "interrupted", "error_message": "x"}
        Message.objects.bulk_create(Message(conversation=row, **each) for each in messages)
        comparison = Comparison.objects.create(
            user=self.ann, id=COMPARISON["id"], prompt=COMPARISON["prompt"], revealed=True
        )
        for each in COMPARISON["results"]:
            comparison.results.create(**stored(ComparisonResult, {**each, "error": "", "reasoning": ""}))
        if path.startswith("/api/v1/leaderboard"):
            self.client.post(f"/api/v1/comparisons/{comparison.pk}/vote", {"preferred_index": 0})
        if path.startswith("/api/v1/shares"):
            Share.objects.create(
                user=self.ann, id=SHARE_ID, conversation=row, follow=True, expires_at=timezone.now() + timedelta(1)
            )
        if path.startswith("/api/v1/select"):
            chosen = [f"{each['provider']}/{each['model']}" for each in (FAST, SLOW)]
            SelectionSettings.objects.create(user=self.ann, candidates=chosen)
        if path.startswith(("/api/v1/prompt-sets", "/api/v1/replays")):
            replay_of_examples(self.ann, comparison, waits=path.endswith("/cancel"))
        if path.startswith("/api/v1/budgets"):
            Budget.objects.create(user=self.ann, id=BUDGET_ID, period="month", limit=20, period_start=timezone.now())
        ApiToken.objects.create(user=self.ann, **stored(ApiToken, TOKEN))
        done = {
            name: value for name, value in IMPORT.items() if name not in ("conversations", "messages", "comparisons")
        }
        job = Job.objects.create(kind="import", state="waiting" if path.endswith("/cancel") else "done")
        Job.objects.filter(pk=job.pk, state="done").update(due_at=None)
        Import.objects.create(user=self.ann, job=job, **stored(Import, done))
        file = store(user_id=self.ann.pk, stream=BytesIO(TEXT.encode()), name=FILE["name"])
        StoredFile.objects.filter(pk=file.pk).update(id=FILE["id"])
        store_key(user=self.ann, provider=Provider.objects.get(slug="openai"), key="sk-1", override_system_key=False)

    def send(self, method, path, body=None, query="", *, kind=JSON):
        ids = {"conversations": CONVERSATION["id"], "comparisons": COMPARISON["id"], "messages": QUESTION["id"]}
        ids |= {"budgets": BUDGET_ID, "shares": SHARE_ID, "prompt-sets": SET_ID, "replays": REPLAY_ID}
        if "/continue" in path:
            ids["messages"] = ANSWER["id"]
        ids |= {"tokens": TOKEN["id"], "imports": IMPORT["id"], "files": FILE["id"]}
        if "/streams/" in path:
            what = path.split("/")[3]
            asked = {"chat": REQUEST, "compare": COMPARED}[what]
            started = in_stream(self.client.post(f"/api/v1/{what}/stream", asked).getvalue().decode())[0]
            ids[what] = started["stream_id"]
        url = path.replace("{id}", ids.get(path.split("/")[-1 if "{" not in path else 3], ""))
        for parameter in operation(method, path).get("parameters", ()):
            if parameter["in"] == "path" and "example" in parameter:
                url = url.replace(f"{{{parameter['name']}}}", parameter["example"])
        assert "{" not in url
        if isinstance(body, dict) and "refresh" in body:  # a token is one session's
            body = {**body, "refresh": self.refresh}
        if kind != JSON:
            return getattr(self.client, method)(url + query, body, content_type=kind)
        return getattr(self.client, method)(url + query, body)


def test_there_are_as_many_as_there_were():
    assert len(OPERATIONS) >= 40


@EVERY
def test_it_says_what_it_is_for(method, path):
    said = operation(method, path)
    assert 5 < len(said["summary"]) < 80
    assert not said["summary"].endswith(".")
    assert len(said["description"]) > 50
    assert said["description"].endswith(".")


@EVERY
def test_it_has_examples(method, path):
    said = operation(method, path)
    shown = [each for each in successes(method, path) if each[2]["schema"].get("format") != "binary"]
    lacking = [media_type for _, media_type, media in shown if not values(media)]
    if path == "/health":  # 503 looks as 200 does
        lacking = [each for each in lacking if each != JSON]
    assert lacking == []
    if "requestBody" in said:
        assert len(requests(said)) == 1


def test_groups_stand_in_the_order_of_their_use():
    assert [tag["name"] for tag in SCHEMA["tags"]] == TAGS
    assert all(tag["description"].endswith(".") for tag in SCHEMA["tags"])
    assert {tag for method, path in OPERATIONS for tag in operation(method, path)["tags"]} == set(TAGS)
    assert all(len(operation(method, path)["tags"]) == 1 for method, path in OPERATIONS)


def test_accounts_begin_with_registering():
    paths = [path.removeprefix("/api/v1/auth/") for path in SCHEMA["paths"] if path.startswith("/api/v1/auth/")]
    assert paths == ["register", "login", "refresh", "me", "password", "logout"]


@EVERY
def test_examples_fit_the_schema(method, path):
    said = operation(method, path)
    medias = [(media_type, media) for _, media_type, media in successes(method, path)]
    medias += list(said.get("requestBody", {}).get("content", {}).items())
    for media_type, media in medias:
        validator = Draft7Validator(resolved(media["schema"]), format_checker=FORMATS)
        for value in values(media):
            parts = [{"data": json.dumps(each)} for each in in_stream(value)] if media_type == STREAM else [value]
            assert parts
            assert [error.message for part in parts for error in validator.iter_errors(part)] == []


@EVERY
def test_errors_have_examples_of_their_shape(method, path):
    for code, response in operation(method, path)["responses"].items():
        media = response.get("content", {}).get(JSON, {})
        if code >= "4" and "example" in media:
            assert list(Draft7Validator(resolved(media["schema"])).iter_errors(media["example"])) == []
            names = {"error", "message", "details"}
            if path.startswith("/v1/"):
                names = {"type", "error"} if path.startswith("/v1/messages") else {"error"}
            assert set(media["example"]) == names
        else:
            assert code < "3" or path in ("/health", "/api/v1/admin/health/detailed")


@EVERY
@pytest.mark.django_db(transaction=True)
def test_it_is_answered_as_the_examples_show(method, path, monkeypatch):
    monkeypatch.setattr(settings, "ALLOW_OPEN_REGISTRATION", True)
    said, world = operation(method, path), World(method, path)
    bodies = requests(said) if "requestBody" in said else [(JSON, None)]
    codes = {int(code) for code in said["responses"] if code.startswith("2")}
    shown = list(successes(method, path))
    query = "?format=json" if path.endswith("{id}/export") else "?name=hello.txt" if path == "/api/v1/files" else ""
    for kind, body in bodies:
        response = world.send(method, path, body, query, kind=kind)
        content = response.getvalue()
        assert response.status_code in codes, content
        if response.headers.get("Content-Type") == ZIP:
            [[_, _, media]] = shown
            assert values(media) == ["\n".join(ZipFile(BytesIO(content)).namelist())]
            continue
        raw = content.decode()
        if not shown:
            assert raw == ""
            continue
        media_type = response.headers["Content-Type"].partition(";")[0]
        [media] = [media for code, each, media in shown if (code, each) == (response.status_code, media_type)]
        [value] = values(media)
        if media_type == STREAM:
            real, example = in_stream(raw), in_stream(value)
            assert {each["event"]: set(each) for each in real} == {each["event"]: set(each) for each in example}
            assert [each["event"] for each in real][-1] == "done"
        elif media_type == "text/plain" and path.startswith("/api/"):
            assert raw == value
        else:
            real = json.loads(raw)
            validator = Draft7Validator(resolved(media["schema"]), format_checker=FORMATS)
            assert [error.message for error in validator.iter_errors(real)] == []
            assert alike(shape(value), shape(real)), (shape(value), shape(real))


@pytest.mark.django_db(transaction=True)
def test_the_file_that_is_downloaded():
    response = World("get", "/api/v1/conversations").send("get", "/api/v1/conversations/{id}/export")
    [value] = values(dict(each[1:] for each in successes("get", "/api/v1/conversations/{id}/export"))["text/markdown"])
    # When the conversation began is when it was made here.
    assert [line for line in response.getvalue().decode().splitlines() if "UTC" not in line] == [
        line for line in value.splitlines() if "UTC" not in line
    ]
