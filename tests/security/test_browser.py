"""Every page in a real browser: what the content policy refuses would be an error in its console."""

import pytest
from django.conf import settings as configured
from django.test import Client

from models_registry.models import LLMModel
from tests.helpers import conversation
from tests.security.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(not configured.REDIS_URL, reason="once is enough: with services"),
]

ATTACK = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def test_pages_work_and_complain_of_nothing(live_server, ann, echo):
    row = conversation(ann, messages=1, title=ATTACK)
    row.messages.update(content=ATTACK)
    model = LLMModel.objects.create(provider=echo, model_id="echo-fast", name=ATTACK)
    ann.is_staff = ann.is_superuser = True
    ann.save()
    login = Client()
    login.force_login(ann)
    pages = {
        "/api/docs": "document.querySelectorAll('.opblock').length > 30",
        "/admin/": "!!document.querySelector('#content-main')",
        "/api-auth/login/": "!!document.querySelector('#id_username')",
        "/admin/perf/cache/": "true",
        "/admin/auth/user/add/": "true",
        f"/admin/auth/user/{ann.pk}/change/": "!!document.querySelector('.selector-available')",  # made by a script
        "/admin/conversations/message/": "true",
        f"/admin/conversations/conversation/{row.pk}/change/": "true",
        f"/admin/models_registry/llmmodel/{model.pk}/change/": "true",
        "/admin/models_registry/provider/": "true",
        "/api/v1/conversations": "typeof jQuery === 'function'",
        f"/api/v1/conversations/{row.pk}": "true",
        "/api/v1/chat": "!!document.querySelector('form')",
    }
    complaints = {}
    with Browser() as browser:
        complaints["login"] = browser.visit(
            f"{live_server.url}/admin/login/", "!!document.querySelector('#id_username')"
        )
        browser.call("Network.setCookie", url=live_server.url, name="sessionid", value=login.cookies["sessionid"].value)
        for path, ready in pages.items():
            complaints[path] = browser.visit(f"{live_server.url}{path}", ready)
            assert browser.evaluate("document.title") != "taken"
        # And the policy is there: a script from elsewhere, or within the page, does not run.
        browser.evaluate("document.body.appendChild(document.createElement('script')).text = 'window.taken = 1'")
        assert browser.evaluate("window.taken === undefined")
        assert "Content Security Policy" in "".join(browser.complaints())
    # A page that takes POST alone is answered 405, with its form.
    complaints["/api/v1/chat"] = [each for each in complaints["/api/v1/chat"] if "405" not in each]
    assert complaints == {page: [] for page in ("login", *pages)}
