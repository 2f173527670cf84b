"""Conversations by the hundred thousand to search in."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from conversations.demo.bulk_writes import bulk_insert
from conversations.models import Conversation, Message

TURNS = 10  # messages of a conversation
AT_ONCE = 1000  # conversations whose messages alternate on disk, as those of many users do
OTHERS = 500  # users beside the two that search
SMALL = 50  # conversations of the small user
VOCABULARY, PARAGRAPHS = 50_000, 5000
COMMON, MIDDLING, RARE = "ubiquitous", "occasional", "singular"
SHARE = {COMMON: 0.5, MIDDLING: 0.1}  # of all messages
RARE_EVERY = 4000  # conversations, in one message each

CONVERSATION = "id user_id provider model title message_count created_at last_message_at updated_at system preview"
MESSAGE = "id conversation_id role content provider model status estimated created_at"


def fill(*, messages: int, big: User, small: User) -> None:
    """Write so many messages into the default database; every fifth conversation is `big`'s, 50 are `small`'s."""
    others = User.objects.bulk_create(User(username=f"other{number}") for number in range(OTHERS))
    dice = random.Random(5)  # noqa: S311  # the same data at each run
    paragraphs = _paragraphs(dice)
    count = messages // TURNS
    every = max(1, count // SMALL)
    start = datetime.now(UTC) - timedelta(minutes=count)
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count))
        ids = [uuid7() for _ in numbers]
        times = [start + timedelta(minutes=number) for number in numbers]
        rows = []
        for number, pk, moment in zip(numbers, ids, times, strict=True):
            owner = big if number % 5 == 0 else small if number % every == 1 else dice.choice(others)
            title = dice.choice(paragraphs)[:40]
            rows.append((pk, owner.pk, "openai", "stub", title, TURNS, moment, moment, moment, "", ""))
        with transaction.atomic():
            bulk_insert(Conversation, CONVERSATION.split(), rows)
            bulk_insert(Message, MESSAGE.split(), list(_messages(dice, paragraphs, numbers, ids, times)))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _paragraphs(dice: random.Random) -> list[str]:
    """Make texts of 10 to 70 words, the n-th word of the vocabulary n times as rare as the first."""
    letters = "bcdfghjklmnpqrstvwxyz"
    syllables = [consonant + vowel for consonant in letters for vowel in "aeiou"]
    vocabulary = ["".join(dice.choices(syllables, k=dice.randint(1, 5))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    return [" ".join(dice.choices(vocabulary, cum_weights=weights, k=dice.randint(10, 70))) for _ in range(PARAGRAPHS)]


def _messages(
    dice: random.Random, paragraphs: Sequence[str], numbers: range, ids: Sequence[UUID], times: Sequence[datetime]
) -> Iterator[tuple[Any, ...]]:
    for turn in range(TURNS):
        for number, pk, time in zip(numbers, ids, times, strict=True):
            text = f"{dice.choice(paragraphs)}. {dice.choice(paragraphs)}"
            text += "".join(f" {word}" for word, share in SHARE.items() if dice.random() < share)
            if turn == 0 and number % RARE_EVERY in (0, 1):
                text += f" {RARE}"
            role = ("user", "assistant")[turn % 2]
            yield uuid7(), pk, role, text, "openai", "stub", "complete", False, time + timedelta(seconds=turn)
