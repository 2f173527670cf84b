"""A cold list that a hundred ask for at once is read from the database once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from perf.caching import single_flight
from tests.helpers import client_for, conversation

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 100


def test_one_of_a_hundred_reads_the_database(ann, monkeypatch):
    monkeypatch.setattr(single_flight, "MAX_WAIT", 60.0)  # so that a slow machine counts reads as a fast one does
    row = conversation(ann, title="cold")
    api, barrier, reads = client_for(ann), threading.Barrier(THREADS), Counter()
    authorization = api._credentials["HTTP_AUTHORIZATION"]

    def count(execute, sql, *arguments):
        reads["session" if "loginsession" in sql else "list" if "conversations_conversation" in sql else sql] += 1
        return execute(sql, *arguments)

    def ask(_):
        client = type(api)(HTTP_AUTHORIZATION=authorization)
        barrier.wait()
        try:
            with connection.execute_wrapper(count):
                return client.get("/api/v1/conversations")
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        responses = list(pool.map(ask, range(THREADS)))
    assert [response.json()["results"][0]["id"] for response in responses] == [str(row.pk)] * THREADS
    assert reads == {"session": 1, "list": 1}
