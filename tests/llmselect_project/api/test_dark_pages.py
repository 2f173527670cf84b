"""The pages of the API in a browser that is set to dark, and to light: drawn so, with nothing that is not found."""

import pytest
from django.conf import settings as configured
from django.test import Client

from tests.security.browser import CHROMIUM, Browser

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(not configured.REDIS_URL, reason="once is enough: with services"),
]

PAGES = {
    "/api/docs": "document.querySelectorAll('.opblock').length > 30",
    "/api/v1/": "true",
    "/api/v1/conversations": "true",
    "/api-auth/login/": "true",
}
# What is seen: the background behind the text, and the text.
BRIGHTNESS = """(() => {
    const brightness = (color) => color.match(/[0-9.]+/g).slice(0, 3).reduce((sum, each) => sum + Number(each), 0) / 3;
    const text = document.querySelector(".swagger-ui .opblock-tag") || document.querySelector("h1, h3");
    let behind = text;
    while (behind && /rgba\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(behind).backgroundColor)) {
        behind = behind.parentElement;
    }
    const ground = behind ? getComputedStyle(behind).backgroundColor : "rgb(255, 255, 255)";
    return [brightness(ground), brightness(getComputedStyle(text).color)];
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_follow_the_browser(live_server, ann, scheme):
    login, seen, complaints = Client(), {}, []
    login.force_login(ann)
    with Browser() as browser:
        browser.call("Network.setCookie", url=live_server.url, name="sessionid", value=login.cookies["sessionid"].value)
        browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for path, ready in PAGES.items():
            complaints += browser.visit(f"{live_server.url}{path}", ready)
            call = browser.call("Runtime.evaluate", expression=BRIGHTNESS, returnByValue=True)
            seen[path] = call["result"]["value"]
    assert complaints == []
    for path, (ground, text) in seen.items():
        assert (ground < 80 and text > 150) if scheme == "dark" else (ground > 200 and text < 120), (path, ground, text)
