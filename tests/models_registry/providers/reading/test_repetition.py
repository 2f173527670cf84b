"""What an answer repeats of the text that it goes on after is left out."""

import pytest

from models_registry.providers.reading.repetition import Repetition


@pytest.mark.parametrize(
    ("text", "pieces", "new"),
    [
        ("", ["a", "b"], "ab"),
        ("one ", ["one", " ", "two"], "two"),
        ("one ", ["one two"], "two"),
        ("one ", ["o", "ther"], "other"),
        ("one", ["o", "ne"], ""),
        ("one", ["o"], ""),  # it ended, or broke off, within what it repeats
        ("one", ["one", "one"], "one"),  # once
        (" ", [" ", " x"], " x"),
        ("\n", ["x"], "x"),
    ],
)
def test_what_is_passed_on(text, pieces, new):
    repetition = Repetition(text)
    assert "".join(map(repetition.feed, pieces)) == new
