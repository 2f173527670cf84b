"""Every screen at four widths, light and dark: nothing is cut off, and axe-core finds nothing serious."""

import json
from pathlib import Path

import pytest

from conversations.models import Import, Message, SelectionSettings
from perf.models import Job
from tests.conversations.comparisons import comparison
from tests.helpers import conversation

WIDTHS = (390, 768, 1280, 1920)
FOLDER = Path(__file__).parent
MEASURING = (FOLDER / "measuring.js").read_text()
AXE = (FOLDER.parent / "vendor" / "axe.js").read_text()
LONG = "a" * 150
TEXT = f"""# What was asked

| column | another | a third |
|---|---|---|
| {"many words " * 8} | {LONG} | 1 |

```python
print("{LONG}")
```

1. one
   - two `{LONG}`

> quoted **text** and a [link](https://example.org)

$$\\int_0^\\infty e^{{-x^2}}\\,dx = \\frac{{\\sqrt{{\\pi}}}}{{2}}$$
"""


@pytest.fixture
def rows(ann, scripted):
    """Give Ann texts that are hard to fit, and votes."""
    row = conversation(ann, messages=6, title=f"Title {LONG}")
    Message.objects.filter(conversation=row, role="assistant").update(
        content=TEXT, reasoning="thought", cost="0.0123", time=1.5, ttft=0.2, prompt_tokens=10, completion_tokens=99
    )
    for number in range(6):
        compared = comparison(ann, "openai/quick", f"echo/{LONG[:60]}", preferred_index=number % 3 and 0, prompt=TEXT)
        compared.results.update(response=TEXT, cost="0.001", time=1.5, ttft=0.25)
    job = Job.objects.create(kind="import", state=Job.State.DONE)
    problems = [{"place": f"{LONG}.json, item 2", "reason": "It has no messages."}]
    counts = {"conversations": {"read": 12_345, "added": 12_344, "known": 0, "skipped": 1, "updated": 0}}
    Import.objects.create(user=ann, job=job, name=f"{LONG}.json", source="chatgpt", counts=counts, problems=problems)
    SelectionSettings.objects.create(user=ann, candidates=["openai/quick", f"echo/{LONG[:60]}"])
    blind = comparison(ann, *["openai/quick"] * 4, blind=True, revealed=False)
    return {"chat": row, "voted": compared, "blind": blind}


def screens(rows):
    return {
        "/": "!!document.querySelector('.welcome')",
        f"/chat/{rows['chat'].pk}": "document.querySelectorAll('.answer .code').length > 0",
        "/compare": "document.querySelectorAll('.slot').length >= 3",
        f"/compare/{rows['voted'].pk}": "document.querySelectorAll('.column .code').length === 2",
        f"/compare/{rows['blind'].pk}": "document.querySelectorAll('.column').length === 4",
        "/arena": "!!document.querySelector('.matrix')",
        "/models": "document.querySelectorAll('tbody tr').length === 5",
        "/usage": "!!document.querySelector('.budget-form') && !!document.querySelector('.tiles')",
        "/settings/selection": "!!document.querySelector('[name=cents_for_better]')",
        "/settings/history": "!!document.querySelector('.import .counts')",
        "/settings/tokens": "!!document.querySelector('.settings .button.primary')",
        "/settings/keys#openai": "!!document.querySelector('[name=key]')",
        "/settings/appearance": "!!document.querySelector('[name=theme]')",
        "/settings/account": "!!document.querySelector('[name=new_password]')",
    }


def test_every_screen_fits(page, rows):
    wrong = {}
    for path, ready in screens(rows).items():
        page.visit(f"{page.url}{path}", ready)
        for width in WIDTHS:
            page.size(width)
            page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            if found := json.loads(page.evaluate(MEASURING)):
                wrong[f"{path} {width}"] = found
    assert wrong == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, rows, scheme):
    wrong = {}
    page.size(1280, 900, scheme)
    for path, ready in screens(rows).items():
        page.visit(f"{page.url}{path}", ready)
        page.run(AXE + ";0")
        found = page.run(
            "axe.run(document, {resultTypes: ['violations']}).then((told) =>"
            " told.violations.filter((each) => ['serious', 'critical'].includes(each.impact))"
            ".map((each) => [each.id, each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]))"
        )
        if found:
            wrong[path] = found
    assert wrong == {}


def test_text_that_runs_right_to_left(page, ann):
    row = conversation(ann, messages=2)
    Message.objects.filter(conversation=row).update(content="مرحبا بالعالم")
    page.visit(f"{page.url}/chat/{row.pk}", "!!document.querySelector('.answer .prose p[dir=auto]')")
    directions = (
        "[...document.querySelectorAll('.bubble, .answer .prose p')].map((each) => getComputedStyle(each).direction)"
    )
    assert page.run(directions) == ["rtl", "rtl"]
