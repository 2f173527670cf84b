"""Rate limits: who is counted, what clients are told, and that workers count together."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as configured
from django.contrib.auth.hashers import MD5PasswordHasher
from limits import parse
from rest_framework.test import APIClient

from llmselect_project.api import throttling
from tests.helpers import PASSWORD, error
from tests.servers import redis_as_cache

pytestmark = pytest.mark.django_db

LOGIN = "/api/v1/auth/login"
REGISTER = "/api/v1/auth/register"
CHAT = {"provider": "echo", "model": "echo-fast", "message": "hi"}


@pytest.fixture
def limits(settings):
    def limit(**rates):
        settings.RATE_LIMITS = {**settings.RATE_LIMITS, **rates}

    return limit


def told(response):
    names = ("Limit", "Remaining", "Reset")
    return [int(response.headers[f"X-RateLimit-{name}"]) for name in names]


def attempt(name="ann", password="wrong", **headers):
    return APIClient().post(LOGIN, {"username": name, "password": password}, **headers)


def test_what_is_left_is_told_also_when_it_succeeds(api, echo, limits):
    limits(completion="2/minute")
    before = time.time()
    answers = [api.post("/api/v1/chat", CHAT) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [told(answer)[:2] for answer in answers] == [[2, 1], [2, 0], [2, 0]]
    assert before + 30 < told(answers[2])[2] <= time.time() + 61
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    seconds = answers[2].headers["Retry-After"]
    message = f"Request was throttled. Expected available in {seconds} seconds."
    assert answers[2].json() == error("throttled", message)


def test_a_stream_and_a_comparison_tell_too_and_count_together(api, echo, limits):
    limits(completion="5/minute")
    models = [{"provider": "echo", "model": "echo-fast"}] * 2
    stream = api.post("/api/v1/chat/stream", CHAT)
    stream.getvalue()
    assert told(stream)[1] == 4
    assert told(api.post("/api/v1/compare", {"prompt": "hi", "models": models}))[1] == 3
    assert told(api.post("/api/v1/chat", {}))[1] == 2  # an invalid one counts, too


def test_what_is_not_limited_tells_nothing(api):
    assert not [name for name in api.get("/api/v1/auth/me").headers if name.startswith("X-RateLimit")]


def test_everybody_has_a_limit_of_their_own(api, bob_api, echo, limits):
    limits(completion="1/minute")
    assert api.post("/api/v1/chat", CHAT).status_code == 200
    assert api.post("/api/v1/chat", CHAT).status_code == 429
    assert bob_api.post("/api/v1/chat", CHAT).status_code == 200


def test_guesses_at_an_account_are_limited_from_wherever_they_come(ann, limits):
    limits(login="3/minute")
    codes = [attempt(REMOTE_ADDR=f"10.0.0.{number}").status_code for number in range(4)]
    assert codes == [401, 401, 401, 429]
    assert attempt(" ANN ", REMOTE_ADDR="10.0.0.9").status_code == 429
    assert attempt(password=PASSWORD, REMOTE_ADDR="10.0.0.8").status_code == 429


def test_guesses_from_an_address_are_limited_whatever_the_account(ann, limits):
    limits(login="3/minute")
    codes = [attempt(f"user{number}").status_code for number in range(4)]
    assert codes == [401, 401, 401, 429]


def test_a_password_is_not_guessed_elsewhere(api, ann, limits):
    limits(login="2/minute")
    wrong = {"current_password": "wrong", "new_password": "irrelevant words"}
    codes = [api.post("/api/v1/auth/password", wrong).status_code for _ in range(2)]
    codes.append(api.delete("/api/v1/auth/me", {"password": PASSWORD}).status_code)
    assert codes == [400, 400, 429]


def test_registration_is_limited_by_address_also_where_it_is_closed(visitor, limits):
    limits(registration="2/minute")
    body = {"username": "ann", "password": PASSWORD, "registration_token": "guess"}
    codes = [visitor.post(REGISTER, body).status_code for _ in range(3)]
    assert codes == [403, 403, 429]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "same"),
    [
        (0, ["1.1.1.1", "2.2.2.2"], True),  # made up by the client: the peer counts
        (1, ["1.1.1.1", "2.2.2.2"], False),
        (1, ["9.9.9.9, 1.1.1.1", "8.8.8.8, 1.1.1.1"], True),  # only the last was appended by our proxy
        (2, ["1.1.1.1, 7.7.7.7", "2.2.2.2, 7.7.7.7"], False),
        (2, ["1.1.1.1", "2.2.2.2"], True),  # came past a proxy: the peer counts
        (1, ["2001:db8::1", "2001:db8::ffff:2"], True),  # one client's own 64 bits
        (1, ["2001:db8::1", "2001:db8:0:1::1"], False),
        (1, ["1.1.1.1:5000", "1.1.1.1:5001"], True),
        (1, ["[2001:db8::1]:5000", "2001:db8::2"], True),
        (1, ["::ffff:1.1.1.1", "1.1.1.1"], True),
        (1, ["unknown", "unknown"], True),
    ],
)
def test_the_address_behind_proxies(settings, limits, proxies, forwarded, same):
    settings.TRUSTED_PROXIES = proxies
    limits(login="1/minute")
    codes = [attempt(f"user{at}", HTTP_X_FORWARDED_FOR=value).status_code for at, value in enumerate(forwarded)]
    assert codes == [401, 429 if same else 401]


def test_threads_cannot_slip_past_a_limit():
    item, identity = parse("10/minute"), "completion:user:threads"
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda _: throttling.hit(item, identity).allowed, range(60)))
    assert sum(results) == 10


def test_workers_count_together():
    if not configured.REDIS_URL:
        pytest.skip("one worker counts in its memory")
    item, identity = parse("10/minute"), "completion:user:workers"
    workers = [throttling.limiters.__wrapped__()[0] for _ in range(4)]
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda at: workers[at % 4].hit(item, identity), range(60)))
    assert sum(results) == 10


@pytest.fixture
def own_store(settings):
    """Count in a Redis of the test's own."""
    with redis_as_cache(settings) as server:
        throttling.limiters.cache_clear()
        yield server
    throttling.limiters.cache_clear()


def test_without_the_shared_store_this_worker_counts_for_itself(own_store, caplog, ann, limits):
    limits(login="3/minute")
    assert [attempt().status_code for _ in range(2)] == [401, 401]
    assert own_store.client.keys("*login*") != []  # these were counted there
    own_store.kill()
    assert [attempt().status_code for _ in range(4)] == [401, 401, 401, 429]
    assert [record.name for record in caplog.records].count("llmselect.throttling") == 1


class CountingHasher(MD5PasswordHasher):
    """Counts how often a password is hashed."""

    hashed = 0

    def encode(self, password, salt):
        CountingHasher.hashed += 1
        return super().encode(password, salt)


def test_an_unknown_name_costs_as_much_as_a_known_one(ann, bob, settings):
    bob.is_active = False
    bob.save()
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    costs = []
    for name in ("ann", "bob", "nobody"):
        before = CountingHasher.hashed
        assert attempt(name).status_code == 401
        costs.append(CountingHasher.hashed - before)
    assert costs == [1, 1, 1]
