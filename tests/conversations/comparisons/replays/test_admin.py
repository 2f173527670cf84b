"""What staff see of replays."""

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import Replay
from perf.models import Job

pytestmark = pytest.mark.django_db

LIST = "admin:conversations_replay_changelist"


@pytest.fixture
def page(admin_user):
    client = Client()
    client.force_login(admin_user)
    return client


def add(ann, count):
    for _ in range(count):
        Replay.objects.create(
            user=ann,
            job=Job.objects.create(kind="replay", state="done", due_at=None),
            candidates=["openai/gpt-x"],
            source={"type": "tag", "tag": "code"},
            plan=[{"question": "a private name", "models": ["openai/gpt-x"]}],
            total=5,
            done=3,
            spent="0.25",
            budget="0.5",
            stopped="budget_exceeded",
            stopped_message="Nothing is left of the budget.",
        )


def test_the_list_costs_the_same_for_many(ann, page, django_assert_num_queries):
    add(ann, 1)
    page.get(reverse(LIST))
    with django_assert_num_queries(4):
        shown = page.get(reverse(LIST)).content.decode()
    assert all(text in shown for text in ("openai/gpt-x", "3 of 5", "$0.25", "done"))
    add(ann, 8)
    with django_assert_num_queries(4):
        page.get(reverse(LIST))


def test_one_says_why_it_ended_and_no_prompt(ann, page):
    add(ann, 1)
    url = reverse("admin:conversations_replay_change", args=[Replay.objects.get().pk])
    shown = page.get(url).content.decode()
    assert all(text in shown for text in ("tag code", "Nothing is left of the budget.", "$0.50"))
    assert "a private name" not in shown
