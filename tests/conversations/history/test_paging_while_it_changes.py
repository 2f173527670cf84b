"""Paging there and back while rows come, go and move up: nothing untouched is missed, nothing is read twice."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation

URL = "/api/v1/conversations"
MINUTES = [datetime(2026, 5, 1, 12, minute, tzinfo=UTC) for minute in range(7)]

# What happens between two pages: (add, minute), (delete or chat, which of the rows).
step = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 6)),
    st.tuples(st.just("begin"), st.just(0)),
    st.tuples(st.sampled_from(["delete", "chat"]), st.integers(0, 99)),
)


class Disturbance:
    """Applies the steps through the API, and remembers whose sort key they left alone."""

    def __init__(self, user, api, minutes, steps):
        self.user, self.api, self.steps = user, api, iter(steps)
        Conversation.objects.all().delete()
        self.rows = [self.add(minute) for minute in minutes]
        self.untouched = set(self.rows)

    def add(self, minute):
        moment = MINUTES[minute]
        fields = {"created_at": moment, "last_message_at": moment}
        return str(Conversation.objects.create(user=self.user, provider="echo", model="echo-fast", **fields).pk)

    def begin(self, _):
        response = self.api.post(URL, {"provider": "echo", "model": "echo-fast"})
        assert response.status_code == 201

    def delete(self, which):
        victim = self.rows.pop(which % len(self.rows))
        self.untouched.discard(victim)
        assert self.api.delete(f"{URL}/{victim}").status_code == 204

    def chat(self, which):
        moved = self.rows[which % len(self.rows)]
        self.untouched.discard(moved)
        response = self.api.post("/api/v1/chat", {"conversation_id": moved, "message": "Up!"})
        assert response.status_code == 200, response.content

    def __call__(self):
        for what, which in next(self.steps, []):
            if what in ("add", "begin") or self.rows:
                getattr(self, what)(which)

    def read(self, link, direction):
        """Collect the ids on the pages from a link on, disturbing before each; returns the last page, too."""
        seen, page = [], None
        while link:
            self()
            response = self.api.get(link)
            assert response.status_code == 200, response.content
            page = response.json()
            seen += [row["id"] for row in page["results"]]
            link = page[direction]
        return seen, page


@pytest.mark.django_db(transaction=True)  # so that the caches take part
@pytest.mark.parametrize("ordering", ["-last_message_at", "-created_at"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(0, 6), min_size=1, max_size=20),
    size=st.integers(1, 6),
    steps=st.lists(st.lists(step, max_size=3), max_size=8),
)
def test_unchanged_rows_come_exactly_once_and_none_twice(ann, api, echo, ordering, minutes, size, steps):
    disturb = Disturbance(ann, api, minutes, steps)
    forth, last = disturb.read(f"{URL}?page_size={size}&ordering={ordering}", "next")
    assert disturb.untouched <= set(forth)
    assert len(forth) == len(set(forth))
    turned_at = [row["id"] for row in last["results"]]
    back, _ = disturb.read(last["previous"], "previous")
    back += turned_at
    assert disturb.untouched <= set(back)
    assert len(back) == len(set(back))
