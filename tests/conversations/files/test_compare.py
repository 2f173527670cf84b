"""Attachments of POST /compare and /compare/stream, and of the judge."""

import base64

import pytest

from conversations.models import Comparison, FileUse, StoredFile
from models_registry.models import LLMModel
from tests.conversations.files.helpers import FILES, PNG, stored_contents, upload, uploaded
from tests.helpers import events, invalid

URL = "/api/v1/compare"
OPENAI = {"provider": "openai", "model": "stub"}
ANTHROPIC = {"provider": "anthropic", "model": "stub"}
ASKED = {"prompt": "What is it?", "models": [OPENAI, ANTHROPIC]}
DATA = base64.b64encode(PNG).decode()
TEXT = {"type": "text", "text": "What is it?"}


def images(stub):
    """Collect the images of all requests by what they are written as."""
    contents = [request.body["messages"][-1]["content"] for request in stub.requests]
    return sorted(part["type"] for content in contents for part in content if DATA in str(part))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", [URL, f"{URL}/stream"])
def test_all_models_are_sent_them(api, openai, anthropic, stub, path):
    stored = upload(api).json()
    response = api.post(path, {**ASKED, "attachments": [stored["id"]]})
    assert response.status_code == 200
    if path != URL:
        assert events(response)[-1]["event"] == "done"
    assert images(stub) == ["image", "image_url"]
    names = {name: stored[name] for name in ("media_type", "name", "size")}
    part = {"type": "image", **names, "file": stored["sha256"], "file_id": stored["id"]}
    shown = api.get(f"/api/v1/comparisons/{Comparison.objects.get().pk}").json()
    assert shown["attachments"] == [part]


@pytest.mark.django_db(transaction=True)
def test_they_go_with_the_comparison(api, ann, openai, anthropic):
    pk = uploaded(api)
    comparison = api.post(URL, {**ASKED, "attachments": [pk]}).json()["id"]
    assert api.delete(f"{FILES}/{pk}").status_code == 409
    assert api.delete(f"/api/v1/comparisons/{comparison}").status_code == 204
    assert (StoredFile.objects.count(), FileUse.objects.count(), stored_contents(ann.pk)) == (0, 0, [])


@pytest.mark.django_db(transaction=True)
def test_one_that_cannot_see_refuses_all(api, openai, anthropic, stub):
    LLMModel.objects.filter(provider=anthropic).update(vision=False)
    response = api.post(URL, {**ASKED, "attachments": [uploaded(api)]})
    assert (response.status_code, response.json()["error"]) == (400, "images_not_supported")
    assert response.json()["details"] == {"provider": "anthropic", "model": "stub"}
    assert (stub.requests, Comparison.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_those_of_others_are_refused(api, bob_api, openai, anthropic):
    response = api.post(URL, {**ASKED, "attachments": [uploaded(bob_api)]})
    assert (response.status_code, response.json()) == (400, invalid(attachments__0="You have no file of this id."))


@pytest.mark.django_db(transaction=True)
def test_the_judge_sees_them(api, openai, anthropic, stub):
    pk = api.post(URL, {**ASKED, "attachments": [uploaded(api)]}).json()["id"]
    assert api.post(f"/api/v1/comparisons/{pk}/analyze", OPENAI).status_code == 200
    assert DATA in str(stub.requests[-1].body["messages"])
