"""Ann in front of the page, with models of a scripted provider."""

import pytest
from django.conf import settings as configured

from conversations.completions.streams import registry
from models_registry.models import LLMModel
from tests.browser.people import Page
from tests.helpers import eventually
from tests.security.browser import CHROMIUM


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/browser/people" in str(item.path):
            item.add_marker(pytest.mark.django_db(transaction=True))
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"))
            reason = "once is enough: with services"
            item.add_marker(pytest.mark.skipif(not configured.REDIS_URL, reason=reason))


@pytest.fixture
def scripted(openai, echo):
    """Give models, each with a script as its id: one that answers at once, slow ones, one that fails."""
    LLMModel.objects.filter(provider=openai).delete()
    scripts = {
        "Quick": "quick",
        "Slow": "slow?delay=0.05&chunks=400",
        "Steady": "steady?delay=0.01",
        "Broken": "broken?status=500",
    }
    for name, model_id in scripts.items():
        prices = {"input_price": "2.5", "output_price": "10", "context_window": 128_000}
        LLMModel.objects.create(provider=openai, model_id=model_id, name=name, **prices)
    LLMModel.objects.create(provider=echo, model_id="echo-fast", name="Echo Fast")
    return scripts


@pytest.fixture(scope="session")
def chromium():
    """Start one Chromium for all tests, in each of which a tab of its own is opened."""
    with Page() as browser:
        browser.shut()
        yield browser


@pytest.fixture
def page(chromium, live_server, ann, scripted):
    """Give a tab in which Ann has signed in; what the console complained of fails the test at its end.

    However the test ends, its tab is closed and the answers that it left unfinished are given up, so that no thread
    writes into the tables of the next one.
    """
    if chromium.process.poll() is None:
        chromium.open()
    else:  # the last test brought it down
        chromium.__exit__()
        chromium.__enter__()
    try:
        chromium.enter(live_server.url, ann)
        yield chromium
        complaints = [each for each in chromium.complaints() if not any(part in each for part in chromium.expected)]
    finally:
        for answer in registry.running():
            answer.cancel()
        assert eventually(lambda: not registry.running(), 20)
        chromium.shut()
    assert complaints == []
