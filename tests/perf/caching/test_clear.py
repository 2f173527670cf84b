"""Clearing the cache, by the API and by command: what was cached is read anew, and others' keys stay."""

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.utils.dateparse import parse_datetime

from perf.caching.namespace import NAMESPACES
from tests.helpers import client_for, error

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/api/v1/admin/cache/clear"
ALL = ["budgets", "comparisons", "conversations", "keys", "leaderboard", "models", "selection", "user_state"]


def state(api, path="/api/v1/conversations"):
    return api.get(path).headers["X-Cache"]


@pytest.fixture
def warm(ann):
    api = client_for(ann)
    for path in ("/api/v1/conversations", "/api/v1/models"):
        api.get(path)
        assert state(api, path) == "hit"
    return api


def test_staff_clear_everything(warm, staff):
    body = client_for(staff).post(URL, {}).json()
    assert parse_datetime(body.pop("cleared_at")) is not None
    assert body == {"message": f"Cleared {', '.join(ALL)}.", "namespaces": ALL}
    assert (state(warm), state(warm, "/api/v1/models")) == ("miss", "miss")


def test_staff_clear_one_namespace(warm, staff):
    assert client_for(staff).post(URL, {"namespace": "models"}).json()["namespaces"] == ["models"]
    assert (state(warm), state(warm, "/api/v1/models")) == ("hit", "miss")


def test_an_unknown_namespace_is_named(staff):
    response = client_for(staff).post(URL, {"namespace": "x"})
    assert (response.status_code, list(response.json()["details"])) == (400, ["namespace"])


def test_only_staff_may_clear(warm, visitor):
    message = "You do not have permission to perform this action."
    assert warm.post(URL, {}).json() == error("permission_denied", message)
    assert visitor.post(URL, {}).status_code == 401
    assert state(warm) == "hit"


@pytest.mark.parametrize(("arguments", "said"), [([], ", ".join(ALL)), (["--namespace", "models"], "models")])
def test_the_command_says_what_it_cleared(warm, capsys, arguments, said):
    call_command("clear_cache", *arguments)
    assert capsys.readouterr().out == f"Cleared {said}.\n"
    assert state(warm, "/api/v1/models") == "miss"


def test_other_keys_of_the_redis_stay():
    cache.set("somebody-elses", 1)
    NAMESPACES["models"].clear()
    assert cache.get("somebody-elses") == 1
