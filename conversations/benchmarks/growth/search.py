"""The time of a search's first page, for words from rare to common, among hundreds of thousands of conversations."""

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from conversations.benchmarks.fixture import account, deployment
from conversations.models import Conversation, Message
from perf.benchmarks.cases import Options, Result
from perf.benchmarks.measuring import milliseconds, percentile
from perf.db.bulk_writes import bulk_insert
from perf.db.scratch import database_at

MESSAGES = 10  # of a conversation
BATCH = 1000  # conversations whose messages alternate on disk, as in a database in use
OTHERS = 500  # users beside the two that search
SMALL = 50  # conversations of the small user
VOCABULARY, PARAGRAPHS = 50_000, 5000
COMMON, MIDDLING, RARE = "ubiquitous", "occasional", "singular"
JAPANESE, CHINESE, THAI, EMOJI = "昨日の病院は機能していない", "问题在数据库", "ฉันลืมกุญแจไว้ที่บ้าน", "🚀"
SHARE = {COMMON: 0.5, MIDDLING: 0.1, JAPANESE: 0.1, EMOJI: 0.1}  # of all messages, in this order
RUNS = 0.15  # of all messages have a paragraph in a script without blanks
RARE_EVERY = 4000  # conversations; one of their messages has the rare words
RARELY = f" {RARE}. {MIDDLING} {COMMON}, {CHINESE}, {THAI}"
SEARCHES = {
    "a rare word": RARE,
    "a middling word": MIDDLING,
    "a common word": COMMON,
    "a middling word in Japanese runs": "機能",
    "a rare word in Chinese runs": "数据库",
    "a rare word in Thai runs": "กุญแจ",
    "one middling letter in Japanese runs": "病",
    "a middling emoji": EMOJI,
    "a common phrase": f'"{COMMON} {MIDDLING}"',
    "a rare phrase of common words": f'"{MIDDLING} {COMMON}"',
    "the beginning of a common word": COMMON[:3],
    "three words": f"{COMMON} {MIDDLING} {RARE}",
    "no word of anybody's": "nowhere",
}
GOAL = 50  # ms, of searches for one whole word, emoji or common phrase
WITH_GOAL = list(SEARCHES)[:9]
CONVERSATION = "id user_id provider model title message_count created_at last_message_at updated_at system preview"
MESSAGE = "id conversation_id role content provider model status estimated created_at"


def search(options: Options) -> Iterator[Result]:
    """Search as a user with a fifth of all conversations and as one with 50, through a server."""
    rounds = max(5, options.rounds // 3)
    # What is written here counts as an earlier version's, whose usage the server would sum up meanwhile.
    with deployment(options, {"ROLL_UP_INTERVAL": "86400"}, several_workers=True) as site:
        with database_at(site.environment["DATABASE_URL"]):
            big, small = account("big"), account("small")
            start = time.perf_counter()
            _fill(options.messages, big, small)
        yield Result(f"writing {options.messages:,} messages", time.perf_counter() - start, "s")
        for user in (big, small):
            with site.client(site.log_in(user.username)) as client:
                for name, words in SEARCHES.items():

                    def first_page(words: str = words) -> None:
                        client.get("/conversations", params={"search": words}).raise_for_status()

                    times = [milliseconds(first_page) for _ in range(rounds + 1)][1:]
                    goal = GOAL if name in WITH_GOAL else None
                    figure = f"{name}, the {user.username} user, first page"
                    yield Result(f"{figure}, median", percentile(times, 50), "ms", at_most=goal)
                    yield Result(f"{figure}, p95", percentile(times, 95), "ms")


def _fill(messages: int, big: User, small: User) -> None:
    """Insert the messages; every fifth conversation is `big`'s, 50 are `small`'s."""
    others = User.objects.bulk_create(User(username=f"other{number}") for number in range(OTHERS))
    rng = random.Random(5)  # noqa: S311  # the same data at each run
    paragraphs, runs = _paragraphs(rng), _runs(rng)
    count = messages // MESSAGES
    every = max(1, count // SMALL)
    start = datetime.now(UTC) - timedelta(minutes=count)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        ids = [uuid7() for _ in numbers]
        times = [start + timedelta(minutes=number) for number in numbers]
        rows = []
        for number, pk, moment in zip(numbers, ids, times, strict=True):
            owner = big if number % 5 == 0 else small if number % every == 1 else rng.choice(others)
            title = rng.choice(paragraphs)[:40]
            rows.append((pk, owner.pk, "openai", "stub", title, MESSAGES, moment, moment, moment, "", ""))
        with transaction.atomic():
            bulk_insert(Conversation, CONVERSATION.split(), rows)
            bulk_insert(Message, MESSAGE.split(), list(_messages(rng, paragraphs, runs, numbers, ids, times)))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def _paragraphs(rng: random.Random) -> list[str]:
    """Draw texts of 10 to 70 words; the n-th word of the vocabulary is n times as rare as the first (Zipf's law)."""
    letters = "bcdfghjklmnpqrstvwxyz"
    syllables = [consonant + vowel for consonant in letters for vowel in "aeiou"]
    vocabulary = ["".join(rng.choices(syllables, k=rng.randint(1, 5))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    return [" ".join(rng.choices(vocabulary, cum_weights=weights, k=rng.randint(10, 70))) for _ in range(PARAGRAPHS)]


def _runs(rng: random.Random) -> list[str]:
    """Draw runs of 20 to 200 letters: Han, Japanese and Thai words of 1 to 5 letters, as rare as those of Latin."""
    han = [chr(0x4E00 + rng.randrange(5000)) for _ in range(2500)]
    kana = [chr(code) for code in (*range(0x3042, 0x3094), *range(0x30A2, 0x30FB))]
    thai = [chr(code) for code in (*range(0x0E01, 0x0E2F), *range(0x0E30, 0x0E3A), *range(0x0E40, 0x0E46))]
    runs = []
    for letters, longest in ((han, 2), (han[:1000] + kana * 8, 4), (thai, 5)):
        vocabulary = ["".join(rng.choices(letters, k=rng.randint(1, longest))) for _ in range(VOCABULARY // 5)]
        weights = list(accumulate(1 / rank for rank in range(1, len(vocabulary) + 1)))
        runs += ["".join(rng.choices(vocabulary, cum_weights=weights, k=rng.randint(20, 60))) for _ in range(1000)]
    return runs


def _messages(
    rng: random.Random,
    paragraphs: Sequence[str],
    runs: Sequence[str],
    numbers: range,
    ids: Sequence[UUID],
    times: Sequence[datetime],
) -> Iterator[tuple[Any, ...]]:
    for position in range(MESSAGES):
        for number, pk, moment in zip(numbers, ids, times, strict=True):
            text = f"{rng.choice(paragraphs)}. {rng.choice(paragraphs)}"
            text += "".join(f" {word}" for word, share in SHARE.items() if rng.random() < share)
            text += f" {rng.choice(runs)}" if rng.random() < RUNS else ""
            if position == 0 and number % RARE_EVERY in (0, 1):
                text += RARELY
            role = ("user", "assistant")[position % 2]
            yield uuid7(), pk, role, text, "openai", "stub", "complete", False, moment + timedelta(seconds=position)
