"""Staff in a browser: log in, look at the performance page, explain a statement, clear a cache."""

import json
import time

import pytest
import requests

from perf.benchmarks.processes import free_port, wait_for
from tests.helpers import PASSWORD, bearer, conversation
from tests.llmselect_project.test_serve import serve
from tests.security.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
]

LIST = "/api/v1/conversations"
BOX = "document.querySelector('#perf-refresh input')"
STATEMENT = "Array.from(document.querySelectorAll('td.statement a'))"


class Desk(Browser):
    """A browser in which staff click."""

    def until(self, script):
        end = time.monotonic() + 20
        while self.evaluate(script) is not True:
            assert time.monotonic() < end, (script, self.complaints())
            time.sleep(0.05)

    def click(self, script):
        """Click what a script finds, and wait for the page that it leads to."""
        self.evaluate(f"window.left = true; {script}.click()")
        self.until("!window.left && document.readyState === 'complete'")

    def log_in(self, url):
        assert self.visit(f"{url}/admin/login/?next=/admin/perf/") == []
        for name, value in (("username", "staff"), ("password", PASSWORD)):
            self.evaluate(f"document.querySelector('#id_{name}').value = {json.dumps(value)}")
        self.click("document.querySelector('input[type=submit]')")

    def text(self):
        return self.evaluate("document.body.innerText")


@pytest.fixture
def site(ann, staff):
    """Run a server that has answered a list three times; yields its URL, and what a request of ann's needs."""
    conversation(ann)
    url = f"http://127.0.0.1:{(port := free_port())}"
    headers = bearer()
    with serve(port, TIMING_INTERVAL="1"):
        wait_for(f"{url}/health/live")
        for _ in range(3):
            assert requests.get(url + LIST, headers=headers, timeout=10).ok
        yield url, headers


def test_login_the_page_and_clearing_a_cache(site):
    url, headers = site
    with Desk() as page:
        page.log_in(url)
        assert page.evaluate("location.pathname") == "/admin/perf/"
        assert "api/v1/conversations" in page.text()
        assert page.evaluate("document.querySelectorAll('figure.chart svg').length") >= 2

        # What is read again takes the place of what was there; switched off it stays so on the next page.
        page.evaluate("document.querySelector('.tiles').dataset.old = '1'")
        page.evaluate(f"{BOX}.click(); {BOX}.click()")
        page.until("!document.querySelector('.tiles').dataset.old")
        page.evaluate(f"{BOX}.click()")
        assert page.visit(f"{url}/admin/perf/?range=7d") == []
        assert page.evaluate(f"{BOX}.checked") is False
        assert page.evaluate("document.querySelector('nav .chosen').innerText") == "7d"

        page.click(f"{STATEMENT}.find((a) => a.innerText.includes('FROM conversations_conversation'))")
        page.click("document.querySelector('a[href*=explain]')")
        assert "conversations" in page.evaluate("document.querySelector('pre.plan').innerText")

        assert requests.get(url + LIST, headers=headers, timeout=10).headers["X-Cache"] == "hit"
        assert page.visit(f"{url}/admin/perf/cache/") == []
        page.click("document.querySelector('button[value=conversations]')")
        assert "Cleared conversations." in page.text()
        assert requests.get(url + LIST, headers=headers, timeout=10).headers["X-Cache"] == "miss"
        assert page.complaints() == []


def test_nothing_is_wider_than_the_page(site):
    url, _ = site
    with Desk() as page:
        page.log_in(url)
        for width in (390, 1280):
            page.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
            )
            assert page.evaluate("document.documentElement.scrollWidth") <= width
