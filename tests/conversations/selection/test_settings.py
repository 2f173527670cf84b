"""GET, PUT and DELETE /selection/settings."""

import pytest

from conversations.models import SelectionSettings
from tests.conversations.selection.helpers import SETTINGS, named
from tests.helpers import client_with, invalid, token_for

pytestmark = pytest.mark.django_db

INITIAL = {"models": [], "default_model": None, "cents_for_better": None, "seconds_for_better": None}
FAST, SLOW = named("echo/echo-fast"), named("echo/echo-slow")
SET = {"models": [FAST, SLOW], "default_model": SLOW, "cents_for_better": 0.5, "seconds_for_better": 10.0}


def test_they_are_set_shown_and_reset(api, echo):
    assert api.get(SETTINGS).json() == INITIAL
    response = api.put(SETTINGS, SET)
    assert (response.status_code, response.json()) == (200, SET)
    assert api.get(SETTINGS).json() == SET
    assert api.put(SETTINGS, {"cents_for_better": 2}).json() == {**INITIAL, "cents_for_better": 2.0}
    assert SelectionSettings.objects.count() == 1
    assert [api.delete(SETTINGS).status_code for _ in range(2)] == [204, 204]
    assert api.get(SETTINGS).json() == INITIAL


def test_a_model_that_is_named_twice_is_in_once(api, echo):
    assert api.put(SETTINGS, {"models": [FAST, SLOW, FAST]}).json()["models"] == [FAST, SLOW]


def test_they_are_ones_own(api, bob_api, echo):
    api.put(SETTINGS, SET)
    bob_api.delete(SETTINGS)
    assert (bob_api.get(SETTINGS).json(), api.get(SETTINGS).json()) == (INITIAL, SET)


def test_they_go_with_the_account(ann, api, echo):
    api.put(SETTINGS, SET)
    ann.delete()
    assert not SelectionSettings.objects.exists()


def test_a_token_that_only_reads_changes_nothing(ann, echo):
    api = client_with(token_for(ann, read_only=True))
    assert api.get(SETTINGS).status_code == 200
    assert api.put(SETTINGS, SET).json()["error"] == "read_only_token"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"cents_for_better": 0}, {"cents_for_better": "Ensure this value is greater than or equal to 0.0001."}),
        ({"seconds_for_better": 1e9}, {"seconds_for_better": "Ensure this value is less than or equal to 86400."}),
        ({"cents_for_better": "1"}, {"cents_for_better": "A valid number is required."}),
        ({"models": [FAST] * 51}, {"models": "Ensure this field has no more than 50 elements."}),
        ({"default": FAST}, {"default": "Unknown field."}),
    ],
)
def test_what_is_refused(api, echo, body, problem):
    response = api.put(SETTINGS, body)
    assert (response.status_code, response.json()) == (400, invalid(**problem))


def test_a_model_that_there_is_not(api, echo):
    response = api.put(SETTINGS, {"models": [named("echo/echo-fats")]})
    assert (response.status_code, response.json()["details"]["nearest"]) == (404, ["echo-fast", "echo-slow"])
