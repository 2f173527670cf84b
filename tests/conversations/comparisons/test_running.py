"""A comparison whose answers are being written says where they are read."""

import pytest

from conversations.models import Comparison
from tests.helpers import events

URL = "/api/v1/comparisons"


@pytest.mark.django_db(transaction=True)
def test_it_says_so_until_all_is_stored_and_stays_blind(api, bob_api, openai, opened):
    models = [{"provider": "openai", "model": f"stub?delay=0.01&chunks={count}"} for count in (10, 15)]
    response = api.post("/api/v1/compare/stream", {"prompt": "hello", "models": models, "blind": True})
    opened.append(response)
    row = Comparison.objects.get()
    shown = api.get(f"{URL}/{row.pk}").json()
    start = events(response)[0]
    assert shown["running"] == {"stream_id": start["stream_id"], "url": start["url"]}
    assert shown["results"] == []
    assert bob_api.get(f"{URL}/{row.pk}").status_code == 404
    after = api.get(f"{URL}/{row.pk}").json()
    assert (after["running"], len(after["results"]), after["results"][0]["model"]) == (None, 2, None)
    followed = events(api.get(start["url"]))
    assert followed[0] == start
    assert not any(each.get("model") or each.get("provider") for each in followed)


def test_one_that_was_lost_with_its_process_does_not_run(api, ann):
    row = Comparison.objects.create(user=ann, prompt="hello")
    assert api.get(f"{URL}/{row.pk}").json()["running"] is None
