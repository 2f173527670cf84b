"""Signing in and out, models, settings, shortcuts and languages."""

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from rest_framework.test import APIClient

from models_registry.models import APIKey
from tests.helpers import PASSWORD, conversation, eventually


def test_signing_out_and_in_again(page):
    page.fill(".composer textarea", "a secret draft")
    page.click(".account")
    page.click(".menu-item", "Sign out")
    page.wait("location.pathname === '/login'")
    assert Session.objects.count() == 0
    page.fill("[name=username]", "ann")
    page.fill("[name=password]", "wrong")
    page.press("Enter")
    page.shows("Wrong username or password.")
    assert page.run("document.querySelector('[name=username]').value") == "ann"
    page.fill("[name=password]", PASSWORD)
    page.press("Enter")
    page.wait("document.querySelector('.composer textarea')?.value === ''")


def test_a_session_that_ended_says_so_and_loses_nothing(page):
    page.expected = ("401", "Failed to load resource")
    Session.objects.all().delete()
    page.say("not lost")
    page.shows("Your session has ended.")
    page.click(".banner a")
    page.fill("[name=username]", "ann")
    page.fill("[name=password]", PASSWORD)
    page.press("Enter")
    page.wait("document.querySelector('.composer textarea')?.value === 'not lost'")


def test_registering(page, settings):
    settings.REGISTRATION_TOKEN = "the-token"
    page.expected = ("400", "403", "Failed to load resource")
    page.click(".account")
    page.click(".menu-item", "Sign out")
    page.wait("location.pathname === '/login'")
    page.click("a[href='/register']")
    page.fill("[data-field=registration_token]", "wrong")
    page.fill("[name=username]", "kim")
    page.fill("[name=password]", "a staple for horses")
    page.press("Enter")
    page.wait("!document.querySelector('#refusal').hidden")
    page.fill("[data-field=registration_token]", "the-token")
    page.press("Enter")
    page.shows("Hello kim")
    assert User.objects.filter(username="kim").exists()


def test_a_key_is_stored_and_deleted(page):
    page.expected = ("400", "Failed to load resource")
    page.visit(f"{page.url}/settings/keys#openai", "document.activeElement.name === 'key'")
    page.type("sk-...")
    page.press("Enter")
    page.wait("document.querySelector('.key [role=alert]').innerText !== ''")
    page.fill("[name=key]", "sk-0123456789abcdef0123456789abcdef")
    page.press("Enter")
    page.shows("your key", "#openai")
    page.shows("****cdef", "#openai")
    assert APIKey.objects.get().override_system_key
    page.click("#openai button", "Delete")
    page.click("dialog .danger")
    page.shows("the server's key", "#openai")
    assert not APIKey.objects.exists()


def test_the_password_is_changed_and_the_account_deleted(page):
    page.expected = ("400", "Failed to load resource")
    page.visit(f"{page.url}/settings/account", "!!document.querySelector('[name=new_password]')")
    page.fill("[name=current_password]", "wrong")
    page.fill("[name=new_password]", "another good password")
    page.press("Enter")
    page.wait("document.querySelector('#error-current_password').innerText !== ''")
    page.fill("[name=current_password]", PASSWORD)
    page.press("Enter")
    page.shows("The password is changed.")
    page.click(".button.danger")
    page.wait("!!document.activeElement.closest('dialog') && document.activeElement.type === 'password'")
    page.type("another good password")
    page.press("Enter")
    page.wait("location.pathname === '/login'")
    assert eventually(lambda: not User.objects.exists())


def test_models_are_sorted_filtered_and_shown(page):
    page.visit(f"{page.url}/models", "document.querySelectorAll('tbody tr').length === 5")
    first = "document.querySelector('tbody .cell-name').innerText"
    page.click(".sort", "Provider")
    page.wait(f"{first} === 'Echo Fast'")
    page.fill(".filters input[type=search]", "bro")
    page.wait("document.querySelectorAll('tbody tr').length === 1")
    page.click("tbody .cell-name")
    page.shows("Nothing of it has changed yet.", "dialog")
    page.click("dialog .primary")
    page.wait("document.querySelector('.model-name')?.innerText === 'Broken'")


def test_titles_are_shown_without_markdown(page, ann):
    row = conversation(ann, title="# A **bold** `title` of [ours](https://ours.example)")
    page.visit(f"{page.url}/chat/{row.pk}", "!!document.querySelector('.side-row')")
    page.wait("document.querySelector('.side-title').innerText === 'A bold title of ours'")
    page.wait("document.querySelector('.head-title').innerText === 'A bold title of ours'")
    page.wait("document.title === 'A bold title of ours · LLMSelect'")
    module = page.run("document.querySelector('script[type=module]').src.replace('main.js', 'lib/format.js')")
    shown = {
        "- a list": "a list",
        "> a quote": "a quote",
        "why *this* and not ~~that~~?": "why this and not that?",
        "```python print(1)": "python print(1)",
        "![a picture](x.png)": "a picture",
        "2 * 3 * 4, C# and #1": "2 * 3 * 4, C# and #1",
        "snake_case, __init__ and a ` alone": "snake_case, __init__ and a ` alone",
        "a **cut": "a **cut",
        "-": "-",
        "": "",
    }
    plain = f"import({module!r}).then(({{ plain }}) => {list(shown)!r}.map(plain))"
    assert page.run(plain) == list(shown.values())


def test_shortcuts(page):
    page.run("document.activeElement.blur()")
    page.press("?")
    page.shows("Search conversations", "dialog")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    for key, path in (("c", "/compare"), ("a", "/arena"), ("m", "/models"), ("s", "/settings"), ("h", "/")):
        page.run("document.activeElement.blur()")
        page.press("g")
        page.press(key)
        page.wait(f"location.pathname === {path!r}")
    page.press("k", "Control")
    page.wait("document.activeElement.type === 'search'")


def test_languages_and_colours(page):
    page.visit(f"{page.url}/settings/appearance", "!!document.querySelector('[name=theme]')")
    page.click("[value=dark]")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert page.run(ground) == "rgb(22, 25, 27)"
    page.run("const s = document.querySelector('select'); s.value = 'de'; s.dispatchEvent(new Event('change'))")
    page.wait("document.documentElement.lang === 'de' && document.body.innerText.includes('Einstellungen')")
    assert page.run(ground) == "rgb(22, 25, 27)"


def test_going_offline_is_noticed(page):
    page.expected = ("ERR_INTERNET_DISCONNECTED", "Failed to load resource")
    conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.choose("Quick")
    page.call("Network.emulateNetworkConditions", offline=True, **conditions)
    page.shows("The server cannot be reached.", ".banner")
    page.say("typed while offline")
    page.wait("document.querySelector('.composer textarea').value === 'typed while offline'")
    page.call("Network.emulateNetworkConditions", offline=False, **conditions)
    page.wait("!document.querySelector('.banner')")
    page.click(".send")
    page.answered()


def test_a_token_is_made_shown_once_used_and_revoked(page):
    page.visit(f"{page.url}/settings/tokens", "!!document.querySelector('.settings .button.primary')")
    page.click(".settings .button.primary")
    page.wait("document.activeElement.name === 'name'")
    page.type("laptop")
    page.click("[name=read_only]")
    page.click("dialog .button.primary")
    token = page.wait("document.querySelector('.secret code')?.innerText")
    assert APIClient(headers={"authorization": f"Bearer {token}"}).get("/api/v1/auth/me").status_code == 200
    page.press("Enter")
    page.shows("Reading only", ".settings")
    assert token not in page.text()
    page.click(".key button", "Revoke")
    page.click("dialog .danger")
    page.shows("You have no tokens.", ".settings")
    assert APIClient(headers={"authorization": f"Bearer {token}"}).get("/api/v1/auth/me").status_code == 401


def test_usage_and_a_budget_that_refuses(page):
    page.expected = ("429", "Failed to load resource")
    page.choose("Quick")
    page.say("hello")
    page.answered()
    page.visit(f"{page.url}/usage", "document.querySelectorAll('.panel tbody tr').length === 1")
    page.shows("openai · quick", ".page-body")
    page.fill(".budget-form [name=limit]", "0.000001")
    page.press("Enter")
    page.wait("document.querySelectorAll('.budget').length === 1")
    page.visit(f"{page.url}/", "!!document.querySelector('.composer textarea')")
    page.say("too dear")
    page.shows("Your budget does not cover this call.")
    assert page.run("document.querySelector('.composer textarea').value") == "too dear"
    page.visit(f"{page.url}/usage", "document.querySelectorAll('.budget').length === 1")
    page.click(".budget button", "Delete")
    page.click("dialog .danger")
    page.wait("document.querySelectorAll('.budget').length === 0")
