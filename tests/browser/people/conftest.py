"""Ann in front of the page, with models of a scripted provider."""

import pytest
from django.conf import settings as configured

from models_registry.models import LLMModel
from tests.browser.people import Page
from tests.helpers import PASSWORD
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


@pytest.fixture
def page(live_server, ann, scripted):
    """Give a tab in which Ann has signed in; what the console complained of fails the test at its end."""
    with Page() as tab:
        tab.url, tab.user = live_server.url, ann
        tab.expected = ()
        tab.sign_in(live_server.url, ann.username, PASSWORD)
        yield tab
        complaints = [each for each in tab.complaints() if not any(part in each for part in tab.expected)]
        assert complaints == []
