"""The admin in a real browser, narrow and wide, light and dark: nothing is cut off, and the console stays empty."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as configured
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from conversations.models import Conversation, Message
from llmselect_project.accounts.sessions import start_session
from models_registry.catalogue.sync import sync
from models_registry.keys.storage import store_key
from models_registry.models import LLMModel, Provider
from perf.timing.fingerprint import fingerprint_id, fingerprint_of
from tests.conversations.comparisons import MODELS, comparison
from tests.helpers import conversation
from tests.perf.pages import REPEATED, measure
from tests.security.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(not configured.REDIS_URL, reason="once is enough: with services"),
]

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
MEASURING = (Path(__file__).parent / "measuring.js").read_text()
LONG = "a" * 150
HOSTILE = f"""# What was asked

| column | another | a third |
|---|---|---|
| {"many words " * 8} | {LONG} | 1 |

```python
print("{LONG}")
```

<script>document.title="taken"</script><img src="https://elsewhere.example/x.png" onerror="document.title='taken'">
![picture](https://elsewhere.example/y.png) [run](javascript:document.title='taken') {LONG}
"""


@pytest.fixture
def root(ann) -> User:
    """Make Ann a superuser, with rows of everything that the admin shows, texts among them that are hard to fit."""
    User.objects.filter(pk=ann.pk).update(is_staff=True, is_superuser=True)
    sync(check=False)
    Provider.objects.filter(slug="openai").update(check_error=f"The provider could not be reached: {LONG}")
    own = Provider.objects.create(
        slug="own", name="Own", kind="openai_compatible", base_url=f"http://{LONG}.example/v1"
    )
    LLMModel.objects.create(provider=own, model_id=f"{LONG[:40]}/{LONG[:60]}", name=f"Model {LONG}")
    store_key(user=ann, provider=own, key="sk-0123456789abcdef", override_system_key=True)
    row = conversation(ann, messages=45, title=f"Title {LONG}")
    row.messages.update(content=HOSTILE, cost="0.000000012345", time=1.5, ttft=0.25)
    comparison(ann, *MODELS, prompt=HOSTILE)
    start_session(user=User.objects.create_user("somebody-with-a-long-name", email=f"{LONG[:60]}@example.org"))
    measure()
    return ann


def pages(root) -> dict[str, str]:
    """Name the pages, each with its path."""
    row, message = Conversation.objects.get(), Message.objects.order_by("pk")[0]
    compared = root.comparisons.get()
    tables = ("auth.user", "conversations.conversation", "conversations.message", "conversations.comparison")
    tables += ("models_registry.provider", "models_registry.llmmodel", "models_registry.apikey")
    tables += ("models_registry.sharedkey", "llmselect_project.loginsession")
    lists = {name: reverse(f"admin:{name.replace('.', '_')}_changelist") for name in tables}
    return {
        "index": "/admin/",
        **lists,
        "a search": f"{lists['conversations.conversation']}?q=what+was",
        "a conversation": reverse("admin:conversations_conversation_change", args=[row.pk]),
        "a message": reverse("admin:conversations_message_change", args=[message.pk]),
        "a comparison": reverse("admin:conversations_comparison_change", args=[compared.pk]),
        "a user": reverse("admin:auth_user_change", args=[root.pk]),
        "a new shared key": reverse("admin:models_registry_sharedkey_add"),
        "performance": "/admin/perf/",
        "a route": "/admin/perf/route/?method=GET&route=a/%3Croute%3E",
        "a request": "/admin/perf/request/?id=the-id",
        "a query": f"/admin/perf/queries/{fingerprint_id(fingerprint_of(REPEATED).text)}/?explain=1",
        "caches": "/admin/perf/cache/",
    }


def hosts(browser) -> set[str]:
    """Name the hosts that the page asked for anything."""
    asked = (
        event["params"]["request"]["url"] for event in browser.events if event["method"] == "Network.requestWillBeSent"
    )
    return {urlsplit(url).hostname for url in asked if not url.startswith("data:")}


def unfit(browser) -> dict[str, list[str]]:
    """Measure the page that is open at each width and in each colour; returns what does not fit."""
    found = {}
    for width in WIDTHS:
        for scheme in SCHEMES:
            browser.call(
                "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
            )
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            found[f"{width} {scheme}"] = json.loads(browser.evaluate(MEASURING))
    return {name: complaints for name, complaints in found.items() if complaints}


def test_every_page_fits_and_complains_of_nothing(live_server, root):
    login = Client()
    login.force_login(root)
    wrong, elsewhere, current = {}, {}, {}
    with Browser() as browser:
        browser.visit(f"{live_server.url}/admin/login/")
        browser.call("Network.setCookie", url=live_server.url, name="sessionid", value=login.cookies["sessionid"].value)
        for name, path in pages(root).items():
            complaints = browser.visit(f"{live_server.url}{path}")
            if found := {**({"console": complaints} if complaints else {}), **unfit(browser)}:
                wrong[name] = found
            elsewhere[name] = hosts(browser)
            current[name] = browser.evaluate("document.querySelectorAll('#nav-sidebar [aria-current=page]').length")
            assert browser.evaluate("document.title") != "taken", name
    assert wrong == {}
    assert set().union(*elsewhere.values()) == {urlsplit(live_server.url).hostname}
    assert {name: count for name, count in current.items() if count != (0 if name == "index" else 1)} == {}


def test_the_measuring_finds_what_does_not_fit(live_server, root):
    with Browser() as browser:
        browser.visit(f"{live_server.url}/admin/login/")
        browser.call("Emulation.setDeviceMetricsOverride", width=390, height=900, deviceScaleFactor=1, mobile=True)
        assert json.loads(browser.evaluate(MEASURING)) == []
        added = f"'<p id=wide>{LONG}</p>'"
        browser.evaluate(f"document.querySelector('#login-form').insertAdjacentHTML('beforeend', {added})")
        assert [each for each in json.loads(browser.evaluate(MEASURING)) if each.startswith("p#wide")]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_bar_of_the_browsable_api_covers_nothing(live_server, root, width):
    login = Client()
    login.force_login(root)
    with Browser() as browser:
        browser.visit(f"{live_server.url}/admin/login/")
        browser.call("Network.setCookie", url=live_server.url, name="sessionid", value=login.cookies["sessionid"].value)
        browser.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
        )
        browser.visit(f"{live_server.url}/api/v1/conversations", "!!document.querySelector('.breadcrumb')")
        bar, crumbs = (
            json.loads(browser.evaluate(f"JSON.stringify(document.querySelector('{part}').getBoundingClientRect())"))
            for part in (".navbar", ".breadcrumb")
        )
        assert 0 < bar["bottom"] <= crumbs["top"]
        assert browser.evaluate("document.scrollingElement.scrollWidth") <= width
