"""Categories and terms of prompts."""

import math

import pytest

from conversations.selection.prompts import MOST_TERMS, category, rarity, terms, vector


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Why does this fail?\n```\nx = 1\n```", "code"),
        ("Schreib mir eine Funktion in Python", "code"),
        ("What does main() return?", "code"),
        ("Prove that there are infinitely many primes", "maths"),
        ("Berechne die Wahrscheinlichkeit", "maths"),
        ("Traduis cette phrase en anglais", "translation"),
        ("Übersetze das ins Deutsche", "translation"),
        ("Summarise the text below", "summary"),
        ("Write a poem about rain", "writing"),
        ("Écris une lettre à mon propriétaire", "writing"),
        ("Why is the sea salt?", "general"),
        ("", "general"),
    ],
)
def test_categories(prompt, expected):
    assert category(prompt) == expected


def test_terms_are_words_without_case_each_once():
    assert terms("The sea, the SEA: C++ and c#; it's 42 _x_") == ["the", "sea", "c++", "and", "c#", "it's", "42", "x_"]


def test_scripts_without_blanks_give_pairs_of_letters():
    assert terms("昨日の病院") == ["昨日", "日の", "の病", "病院"]
    assert terms("水") == ["水"]


def test_a_long_prompt_has_few_terms():
    assert len(terms(" ".join(f"word{number}" for number in range(5000)))) == MOST_TERMS
    assert terms("a" * 1_000_000) == ["a" * 4000]


def test_rare_terms_weigh_more_and_those_of_one_prompt_or_of_all_nothing():
    weights = rarity([["a", "b", "c"], ["a", "b", "d"], ["a", "e", "d"], ["a", "b"]])
    assert weights == {"b": pytest.approx(math.log(4 / 3)), "d": pytest.approx(math.log(2))}
    found = vector(["a", "b", "d"], weights)
    assert sum(weight**2 for weight in found.values()) == pytest.approx(1)
    assert vector(["unknown"], weights) == {}
