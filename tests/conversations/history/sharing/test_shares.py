"""POST /conversations/{id}/share, GET /shares, DELETE /shares/{id}: what an owner does with links."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from conversations.history.sharing import service
from conversations.models import Share
from tests.helpers import client_with, conversation, error, invalid, token_for

pytestmark = pytest.mark.django_db

LIST = "/api/v1/shares"
DAY = 86_400


def share(api, row, **options):
    response = api.post(f"/api/v1/conversations/{row.pk}/share", options)
    assert response.status_code == 201, response.content
    return response.json()


def ends_in(row):
    return datetime.fromisoformat(row["expires_at"]) - timezone.now()


def test_a_link_for_a_month(ann, api):
    row = conversation(ann, messages=1)
    made = share(api, row)
    stored = Share.objects.get()
    assert made == {
        "id": str(stored.pk),
        "url": made["url"],
        "conversation_id": str(row.pk),
        "follow": False,
        "system": False,
        "created_at": stored.created_at.isoformat().replace("+00:00", "Z"),
        "expires_at": stored.expires_at.isoformat().replace("+00:00", "Z"),
    }
    assert made["url"].startswith("http://testserver/s/")
    assert len(made["url"].rpartition("/")[2]) == 43
    assert timedelta(days=29) < ends_in(made) < timedelta(days=31)


def test_each_has_a_link_of_its_own_that_the_list_shows_again(ann, api):
    row = conversation(ann)
    made = [share(api, row, follow=bool(number)) for number in range(2)]
    assert len({each["url"] for each in made}) == 2
    assert api.get(LIST).json() == {"next": None, "previous": None, "results": made[::-1]}


def test_when_it_ends(ann, api):
    row = conversation(ann)
    assert ends_in(share(api, row, expires_in=DAY)) <= timedelta(days=1)
    moment = "2026-01-01T00:00:00Z".replace("2026", str(timezone.now().year + 1))
    assert share(api, row, expires_at=moment, expires_in=None)["expires_at"] == moment


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"expires_in": 59}, {"expires_in": "Ensure this value is greater than or equal to 60."}),
        ({"expires_in": 366 * DAY}, {"expires_in": "Ensure this value is less than or equal to 31536000."}),
        ({"expires_in": "60"}, {"expires_in": "A valid integer is required."}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at": "Must be in the future, and within a year."}),
        ({"expires_at": "2099-01-01T00:00:00Z"}, {"expires_at": "Must be in the future, and within a year."}),
        ({"follow": "yes"}, {"follow": "Must be a valid boolean."}),
        ({"forever": True}, {"forever": "Unknown field."}),
    ],
)
def test_refused(ann, api, body, problem):
    response = api.post(f"/api/v1/conversations/{conversation(ann).pk}/share", body)
    assert (response.status_code, response.json()) == (400, invalid(**problem))
    assert not Share.objects.exists()


def test_both_ends_are_refused(ann, api):
    body = {"expires_in": 60, "expires_at": (timezone.now() + timedelta(1)).isoformat()}
    response = api.post(f"/api/v1/conversations/{conversation(ann).pk}/share", body)
    assert response.json() == invalid(expires_in="Give one of `expires_in` and `expires_at`.")


def test_others_neither_share_nor_see_nor_revoke_it(ann, api, bob_api):
    row = conversation(ann)
    made = share(api, row)
    assert bob_api.post(f"/api/v1/conversations/{row.pk}/share").status_code == 404
    assert bob_api.get(LIST).json()["results"] == []
    assert bob_api.delete(f"{LIST}/{made['id']}").status_code == 404
    assert Share.objects.count() == 1


def test_revoking_it(ann, api):
    made = share(api, conversation(ann))
    codes = [api.delete(f"{LIST}/{made['id']}").status_code for _ in range(2)]
    assert codes == [204, 404]
    assert api.get(LIST).json()["results"] == []


def test_there_are_not_too_many(ann, api, monkeypatch):
    monkeypatch.setattr(service, "MAX_SHARES", 1)
    row = conversation(ann)
    share(api, row)
    response = api.post(f"/api/v1/conversations/{row.pk}/share")
    assert (response.status_code, response.json()["error"]) == (400, "invalid")
    Share.objects.update(expires_at=timezone.now())
    share(api, row)


@pytest.mark.django_db(transaction=True)
def test_those_that_expired_are_gone_and_pruned(ann, api, capsys):
    row = conversation(ann)
    share(api, row)
    kept = share(api, row)
    Share.objects.exclude(pk=kept["id"]).update(expires_at=timezone.now())
    assert [each["id"] for each in api.get(LIST).json()["results"]] == [kept["id"]]
    call_command("prune")
    assert [str(pk) for pk in Share.objects.values_list("pk", flat=True)] == [kept["id"]]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 100])
def test_the_list_takes_one_query(ann, api, django_assert_num_queries, count):
    row, moment = conversation(ann), timezone.now() + timedelta(1)
    Share.objects.bulk_create(
        Share(user=ann, conversation=row, follow=False, snapshot={}, expires_at=moment) for _ in range(count)
    )
    api.get("/api/v1/auth/me")
    with django_assert_num_queries(1):
        results = api.get(f"{LIST}?page_size=100").json()["results"]
    assert len(results) == count


def test_tokens_need_the_right(ann):
    row = conversation(ann)
    reader = client_with(token_for(ann, read_only=True))
    response = reader.post(f"/api/v1/conversations/{row.pk}/share")
    assert (response.status_code, response.json()) == (403, error("read_only_token", "This token may only read."))
    assert reader.get(LIST).status_code == 200
    assert client_with(token_for(ann, name="chat", allowed_endpoints=["chat"])).get(LIST).status_code == 403
