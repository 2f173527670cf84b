"""Files on the page: attached by button, by drop and by paste, shown, taken away, refused with a reason."""

import base64

import pytest

from conversations.models import Comparison, Message, StoredFile
from models_registry.models import LLMModel
from tests.conversations.files.helpers import PNG
from tests.helpers import eventually

ATTACHED = "document.querySelectorAll('.tray-item img').length"
GIVE = """(() => {{
  const bytes = Uint8Array.from(atob("{data}"), (each) => each.charCodeAt(0));
  const given = new DataTransfer();
  given.items.add(new File([bytes], "{name}", {{ type: "{kind}" }}));
  {act}
}})()"""
ACTS = {
    "button": """const input = document.querySelector(".composer input[type=file]");
      input.files = given.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));""",
    "drop": """for (const name of ["dragover", "drop"])
      document.body.dispatchEvent(new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: given }));""",
    "paste": """document.querySelector(".composer textarea").dispatchEvent(
      new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: given }));""",
}


def give(page, how="button", content=PNG, name="dot.png", kind="image/png"):
    data = base64.b64encode(content).decode()
    page.run(GIVE.format(data=data, name=name, kind=kind, act=ACTS[how]))


@pytest.mark.parametrize("how", sorted(ACTS))
def test_a_file_is_attached_and_shown(page, how):
    page.choose("Quick")
    give(page, how)
    page.wait(f"{ATTACHED} === 1")
    page.say("What is it?")
    page.answered()
    stored = StoredFile.objects.get()
    shown = f"document.querySelector('.question .thumbnail img[src=\"/api/v1/files/{stored.pk}/content\"]')"
    page.wait(f"{shown}?.naturalWidth === 1")
    assert page.run(f"{shown}.alt") == "dot.png"
    assert page.count(".tray-item") == 0
    assert Message.objects.get(role="user").parts[1]["file_id"] == str(stored.pk)
    page.visit(page.run("location.href"), f"{shown}?.naturalWidth === 1")


def test_it_is_taken_away_again_by_keyboard(page):
    give(page)
    page.wait(f"{ATTACHED} === 1")
    page.run("document.querySelector('[aria-label=\"Remove dot.png\"]').focus()")
    page.press("Enter")
    page.wait("document.querySelectorAll('.tray-item').length === 0")
    assert eventually(lambda: StoredFile.objects.count() == 0)


def test_a_draft_keeps_its_files(page):
    give(page)
    page.wait(f"{ATTACHED} === 1")
    page.visit(f"{page.url}/", f"{ATTACHED} === 1")


def test_what_is_refused_says_why_and_blocks_nothing(page):
    page.expected = ("415", "Failed to load resource")
    page.choose("Quick")
    give(page, content=b"<svg xmlns='http://www.w3.org/2000/svg'/>", name="a.svg", kind="image/svg+xml")
    page.shows("This is no file that models read", ".tray-item")
    page.say("Without it")
    page.answered()
    assert Message.objects.get(role="user").parts is None


def test_a_model_that_cannot_see_gives_everything_back(page):
    page.expected = ("400", "Failed to load resource")
    LLMModel.objects.filter(name="Quick").update(vision=False)
    page.choose("Quick")
    give(page)
    page.wait(f"{ATTACHED} === 1")
    page.say("What is it?")
    page.shows("This model cannot see images", ".foot")
    page.wait(f"{ATTACHED} === 1")
    assert page.run("document.querySelector('.composer textarea').value") == "What is it?"


def test_a_comparison_takes_files_too(page):
    page.visit(f"{page.url}/compare", "document.querySelectorAll('.slot .model-button').length === 2")
    page.choose("Quick", ".slot:nth-child(1) .model-button")
    page.choose("Steady", ".slot:nth-child(2) .model-button")
    give(page, "drop")
    page.wait(f"{ATTACHED} === 1")
    page.say("What is it?")
    page.wait("document.querySelector('.question .thumbnail img')?.naturalWidth === 1")
    assert eventually(lambda: Comparison.objects.filter(attachments__isnull=False).exists(), 10)
