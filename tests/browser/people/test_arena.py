"""The charts of the arena: no text lies on another one, at any width, with few models and with many."""

import json

import pytest

from models_registry.models import LLMModel
from tests.browser.people.test_fit import WIDTHS
from tests.conversations.comparisons import comparison

OVERLAPS = """(() => {
  const found = [];
  for (const svg of document.querySelectorAll(".tradeoff svg")) {
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll(".tick, .name")].map((each) =>
      [each.textContent, each.getBoundingClientRect()]);
    for (const [at, [text, box]] of texts.entries()) {
      if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom)
        found.push(`${text} is cut off`);
      for (const [other, beside] of texts.slice(at + 1))
        if (box.left < beside.right && beside.left < box.right
            && box.top + 2 < beside.bottom && beside.top + 2 < box.bottom)
          found.push(`${text} on ${other}`);
    }
  }
  return JSON.stringify(found);
})()"""


DRAWN = """[...document.querySelectorAll(".drawing")].every((each) =>
  each.querySelector("svg").getAttribute("width") === String(Math.floor(each.getBoundingClientRect().width)))"""


@pytest.mark.parametrize("number", [2, 8, 20])
def test_no_text_lies_on_another_one(page, ann, openai, number):
    names = [f"model-{place:02}-of-a-longer-name" for place in range(number)]
    LLMModel.objects.bulk_create(LLMModel(provider=openai, model_id=name, name=name) for name in names)
    for place, name in enumerate(names):  # each against the next three, all about as good as the others
        for step in range(1, 4):
            for preferred in (0, 1):
                other = names[(place + step) % number] if number > 2 else names[1 - place]
                row = comparison(ann, f"openai/{name}", f"openai/{other}", preferred_index=preferred, prompt="x")
                row.results.filter(index=0).update(cost=f"{0.0001 * 1.3**place:.6f}", time=1 + place / 9)
    page.visit(f"{page.url}/arena", "document.querySelectorAll('.tradeoff svg').length === 2")
    wrong = {}
    for width in WIDTHS:
        page.size(width)
        page.wait(DRAWN)
        assert page.count(".tradeoff .place") == 2 * number
        if found := json.loads(page.run(OVERLAPS)):
            wrong[width] = found
    assert wrong == {}
