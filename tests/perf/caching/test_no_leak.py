"""Nobody ever sees what is somebody else's: any order of requests by several users, warm and cold."""

import json
from datetime import datetime
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Comparison, ComparisonResult
from perf.caching.namespace import clear_caches
from tests.helpers import PASSWORD, client_for, conversation

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("ann", "bob", "eve")
LISTS = {
    "/api/v1/conversations": {
        "provider": ["openai", "anthropic"],
        "model": ["stub", "other"],
        "page_size": ["1", "2", "20", "100"],
        "ordering": ["-created_at", "-last_message_at"],
        "search": ["secret", "ann", "bob", "eve"],
        "nonsense": ["1"],
    },
    "/api/v1/comparisons": {"page_size": ["1", "2", "20"], "nonsense": ["1"]},
    "/api/v1/leaderboard/pairs": {"since": ["2020-01-01T00:00:00Z"]},
    "/api/v1/leaderboard": {"provider": ["ann-provider", "bob-provider"], "since": ["2020-01-01T00:00:00Z"]},
}


def requests():
    def ask(path):
        parameters = {name: st.sampled_from(values) for name, values in LISTS[path].items()}
        return st.tuples(st.just(path), st.fixed_dictionaries({}, optional=parameters))

    details = st.tuples(st.sampled_from(["/api/v1/conversations", "/api/v1/comparisons"]), st.sampled_from(NAMES))
    listed = st.sampled_from(sorted(LISTS)).flatmap(ask)
    headers = st.sampled_from([{}, {"Accept-Encoding": "gzip"}, {"If-None-Match": "*"}])
    return st.tuples(st.sampled_from(NAMES), st.one_of(listed, details), headers, st.booleans())


@pytest.fixture
def people(db):
    """Three users, whose every text, model and id tells whose it is."""
    rows, clients = {}, {}
    for name in NAMES:
        user = User.objects.create_user(name, password=PASSWORD)
        clients[name] = client_for(user)
        ids = {"/api/v1/conversations": [], "/api/v1/comparisons": []}
        for number in range(3):
            provider = ("openai", "anthropic")[number % 2]
            row = conversation(user, messages=1, title=f"{name}'s secret", provider=provider)
            ids["/api/v1/conversations"].append(str(row.pk))
            compared = Comparison.objects.create(
                user=user,
                prompt=f"{name}'s secret",
                preferred_index=0,
                voted_at=datetime.fromisoformat("2026-01-01T00Z"),
            )
            for index in range(2):
                ComparisonResult.objects.create(
                    comparison=compared, index=index, provider=f"{name}-provider", model=f"{name}-{index}"
                )
            ids["/api/v1/comparisons"].append(str(compared.pk))
        rows[name] = ids
    return rows, clients


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(requests(), min_size=1, max_size=12))
def test_no_response_holds_data_of_another_user(people, asked):
    rows, clients = people
    for name, (path, wanted), headers, cold in asked:
        if cold:
            clear_caches()
        if isinstance(wanted, str):
            response = clients[name].get(f"{path}/{rows[wanted][path][0]}", headers=headers)
            assert response.status_code in ((200, 304) if wanted == name else (404,))
        else:
            response = clients[name].get(f"{path}?{urlencode(wanted)}", headers=headers)
            assert response.status_code in (200, 304)
            follow = (
                None if response.status_code == 304 or "Content-Encoding" in response else response.json().get("next")
            )
            if follow:
                assert_own(name, rows, clients[name].get(follow).content)
        assert_own(name, rows, response.content)


def assert_own(name, rows, content):
    text = content.decode(errors="replace") if content[:2] != b"\x1f\x8b" else unzip(content)
    for other in set(NAMES) - {name}:
        foreign = [f"{other}'s", f"{other}-", *(pk for ids in rows[other].values() for pk in ids)]
        assert [word for word in foreign if word in text] == [], json.dumps(text)[:500]


def unzip(content):
    import gzip

    return gzip.decompress(content).decode()
