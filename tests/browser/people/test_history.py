"""Import and export in the settings: counted first, brought, told of, cancelled, taken back, refused with a reason."""

import json
from base64 import b64encode

import pytest

from conversations.history.importing import service
from conversations.models import Conversation, Import
from perf.jobs.runner import run_all
from tests.browser.people.test_files import GIVE
from tests.conversations.history.importing.samples import chatgpt, claude
from tests.helpers import eventually, say

BOTH = [chatgpt(), {**chatgpt(key="c2"), "mapping": None}]
CHOSEN = """const input = document.querySelector("[name=history]");
  input.files = given.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));"""
DROPPED = """for (const name of ["dragover", "drop"])
  document.body.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: given }));"""
STATE = "[...document.querySelectorAll('.import')].map((each) => each.querySelectorAll('.tag')[1].innerText).join()"


@pytest.fixture
def history(page, settings, tmp_path):
    settings.IMPORT_FOLDER = tmp_path / "imports"
    page.visit(f"{page.url}/settings/history", "!!document.querySelector('.drop')")
    return page


def give(page, value, name="conversations.json", act=CHOSEN):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    page.run(GIVE.format(data=b64encode(content).decode(), name=name, kind="application/json", act=act))


def table(page):
    return page.run(
        "[...document.querySelectorAll('.counts tbody tr')].map((row) =>"
        " [...row.querySelectorAll('td')].map((each) => Number(each.innerText)))"
    )


def test_counted_first_then_brought_and_taken_back(history, ann):
    history.click("[name=dry_run]")
    give(history, BOTH, act=DROPPED)
    history.wait(f"{STATE} === 'waits'")
    assert run_all() == 1
    history.wait(f"{STATE} === 'counted only'")
    assert table(history) == [[2, 1, 0, 1], [2, 2, 0, 0]]
    assert not Conversation.objects.exists()
    history.click("[name=dry_run]")
    history.click(".import .primary")
    history.wait(f"{STATE} === 'waits'")
    assert eventually(lambda: Import.objects.count() == 1)
    assert run_all() == 1
    history.wait(f"{STATE} === 'imported'")
    assert table(history) == [[2, 1, 0, 1], [2, 2, 0, 0]]
    history.click(".import summary")
    history.shows("no messages", ".problems")
    history.shows("ChatGPT", ".import")
    history.wait("document.querySelector('.side-row').innerText.includes('Rivers')")
    history.click(".import .button", "Take back")
    history.click("dialog .danger")
    history.shows("Taken back: 1 conversation, 2 messages.", ".toasts")
    history.wait("!document.querySelector('.import') && !document.querySelector('.side-row')")
    assert not Conversation.objects.exists()


def test_a_large_one_is_taken_back_in_the_background(history, ann, monkeypatch):
    monkeypatch.setattr(service, "REMOVAL_SECONDS", 0.0)
    history.expected = ("404", "Failed to load resource")  # which says that all is taken back
    give(history, claude())
    history.wait(f"{STATE} === 'waits'")
    run_all()
    history.wait(f"{STATE} === 'imported'")
    history.click(".import .button", "Take back")
    history.click("dialog .danger")
    history.shows("is being taken back", ".import")
    run_all()
    history.wait("!document.querySelector('.import')")
    assert not Conversation.objects.exists()


def test_what_was_continued_stays_and_is_counted(history, ann):
    give(history, claude())
    history.wait(f"{STATE} === 'waits'")
    run_all()
    history.wait(f"{STATE} === 'imported'")
    say(Conversation.objects.get(), "And the second highest?")
    history.click(".import .button", "Take back")
    history.click("dialog .danger")
    history.shows("1 conversation stays, since you continued it.", ".toasts")


def test_one_that_waits_is_cancelled(history, ann):
    give(history, claude())
    history.wait(f"{STATE} === 'waits'")
    history.click(".import .button", "Cancel")
    history.wait(f"{STATE} === 'cancelled'")
    history.click(".import .button", "Remove from the list")
    history.wait("!document.querySelector('.import')")


def test_a_file_of_no_known_format_is_refused_with_what_to_do(history):
    history.expected = ("400", "Failed to load resource")
    give(history, {"neither": "this nor that"})
    history.shows("Choose the file as the other product gave it to you", ".trouble")
    history.shows("Looked for:", ".trouble")
    history.click(".import-file .button", "Close")
    history.wait("!document.querySelector('.import-file')")


def test_more_files_than_the_server_takes_wait_for_their_turn(history, ann):
    for number in range(6):
        give(history, claude(key=f"11111111-2222-4333-8444-55555555555{number}"), f"{number}.json")
    history.wait(f"{STATE} === 'waits,waits,waits,waits,waits'")
    history.shows("Waits for its turn", ".import-file")
    run_all()
    history.wait("document.querySelectorAll('.import').length === 6")
    run_all()
    history.wait(f"{STATE} === '{','.join(['imported'] * 6)}'")
    assert Conversation.objects.count() == 6
