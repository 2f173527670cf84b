"""Budgets with four workers and 64 clients: never more is spent than there is, and a killed worker keeps nothing."""

import random
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from models_registry.models import Budget, LLMModel, Reservation
from models_registry.spending.budgets.keeping import create_budget
from models_registry.spending.usage.reports import report
from perf.benchmarks.processes import free_port, wait_for, workers
from perf.benchmarks.services import redis_server
from tests.helpers import bearer, eventually
from tests.servers import asking, serve

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc"),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server"),
]

WORKERS, CLIENTS, CALLS = 4, 64, 192
MODEL, SLOW = "stub?chunks=20", "stub?delay=0.1&chunks=600"
PROMPT = "one two three"
COST = Decimal(3 + 20 * 10) / 10**6  # at 1 and 10 USD per million tokens
CALL = {"provider": "openai", "message": PROMPT, "max_tokens": 20}
ENDPOINTS = ("chat", "chat/stream", "compare", "compare/stream")


@contextmanager
def served(openai, stub, **more):
    """Run a server with four workers; yields it and a function that sends a POST as Ann."""
    for name in (MODEL, SLOW):
        LLMModel.objects.create(provider=openai, model_id=name, name=name, input_price=1, output_price=10)
    port, headers = free_port(), bearer()
    more |= {"SERVE_WORKERS": str(WORKERS), "ANSWER_STORE_SECONDS": "30", **asking(stub)}
    with (
        redis_server() as redis,
        serve(port, REDIS_URL=redis.url, **more) as server,
    ):
        wait_for(f"http://127.0.0.1:{port}/health/live")

        def post(path, body, timeout=60):
            return requests.post(f"http://127.0.0.1:{port}/api/v1/{path}", json=body, headers=headers, timeout=timeout)

        yield server, post


def spent_today(user):
    today = timezone.now().date()
    return report(first=today - timedelta(days=1), last=today, group_by="endpoint", user_id=user.pk).total


def test_what_is_spent_never_exceeds_a_budget(ann, openai, stub):
    """Of 192 calls by 64 clients on four endpoints some are refused, and all that was answered is paid for."""
    limit = COST * 120
    budget = create_budget(user_id=ann.pk, period="total", limit=limit, by_staff=True)
    create_budget(user_id=ann.pk, period="day", limit=Decimal(1000), by_staff=False)  # two rows to lock
    with served(openai, stub, ROLL_UP_INTERVAL="1") as (_, post), ThreadPoolExecutor(CLIENTS) as clients:

        def call(number):
            path = ENDPOINTS[number % len(ENDPOINTS)]
            compared = {"prompt": PROMPT, "models": [{"provider": "openai", "model": MODEL}] * 2}
            body = compared if path.startswith("compare") else {**CALL, "model": MODEL}
            while (answer := post(path, body)).status_code == 503:  # a busy database is no refusal, and no call
                time.sleep(random.uniform(0.1, 1))
            return answer.status_code

        calls = [clients.submit(call, number) for number in range(CALLS)]
        while not all(each.done() for each in calls):
            row = Budget.objects.get(pk=budget.pk)
            assert row.spent + row.reserved <= limit
            time.sleep(0.05)
        codes = Counter(each.result() for each in calls)
        assert set(codes) == {200, 429}
        row = Budget.objects.get(pk=budget.pk)
        used = spent_today(ann)
        assert (row.reserved, list(Reservation.objects.values_list("endpoint", "amount"))) == (0, [])
        assert used["requests"] == len(stub.requests)
        assert used["cost"] == row.spent == COST * len(stub.requests) <= limit
        assert used["errors"] == 0
        assert {*Budget.objects.values_list("spent", flat=True)} == {row.spent}


def test_a_killed_worker_keeps_no_reservation(ann, openai, stub):
    """`kill -9` during 24 streams: their reservations expire, and the server settles them at the most they can cost."""
    budget = create_budget(user_id=ann.pk, period="day", limit=Decimal(1), by_staff=True)
    streams = 24
    with served(openai, stub, ROLL_UP_INTERVAL="1") as (server, post), ThreadPoolExecutor(streams) as clients:

        def stream(_):
            try:
                post("chat/stream", {**CALL, "model": SLOW, "max_tokens": 600})
            except requests.RequestException:
                return

        for number in range(streams):
            clients.submit(stream, number)
        assert eventually(lambda: len(stub.requests) >= streams, seconds=30)
        held = Budget.objects.get(pk=budget.pk).reserved
        assert Reservation.objects.count() == streams
        assert held == sum(Reservation.objects.values_list("amount", flat=True))
        for worker in workers(server.pid):
            worker.kill()
        clients.shutdown()
        Reservation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))  # when they are over
        assert eventually(lambda: not Reservation.objects.exists(), seconds=15)
        row, used = Budget.objects.get(pk=budget.pk), spent_today(ann)
        assert (row.reserved, row.spent) == (0, held)
        assert (used["requests"], used["errors"], used["cost"]) == (streams, streams, held)
        assert answered_again(lambda: post("chat", {**CALL, "model": MODEL}))
        assert Budget.objects.get(pk=budget.pk).spent == held + COST


def answered_again(send):
    """Send until new workers answer."""
    answers = []

    def answers_now():
        if not answers:
            try:
                answers.append(send().status_code)
            except requests.RequestException:
                return False
            if answers == [503]:  # a busy database
                answers.clear()
        return answers == [200]

    return eventually(answers_now, seconds=30)
