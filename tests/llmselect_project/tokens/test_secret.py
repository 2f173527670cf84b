"""The text of a token: scanners recognise it, and nothing else is taken for one."""

import hashlib
import re
import zlib

import pytest

from llmselect_project.tokens.examples import NEW
from llmselect_project.tokens.secret import ALPHABET, SHOWN, digest_of, is_genuine, make_token

# A token as others would check it: the CRC-32 of the 30 characters behind the prefix, in base 62.
TOKEN = "llms_0123456789ABCDEFGHIJKLMNOPQRST4PMbyp"


def test_it_has_the_form_that_scanners_look_for():
    for token in {make_token() for _ in range(200)}:
        assert re.fullmatch(r"llms_[0-9A-Za-z]{36}", token)
        assert is_genuine(token)


def test_no_two_are_alike():
    tokens = {make_token() for _ in range(2000)}
    assert len(tokens) == 2000
    assert len({token[:SHOWN] for token in tokens}) > 1990
    assert {character for token in tokens for character in token[5:-6]} == set(ALPHABET)


def test_the_checksum_is_the_one_that_is_documented():
    number = 0
    for digit in TOKEN[-6:]:
        number = number * 62 + ALPHABET.index(digit)
    assert number == zlib.crc32(TOKEN[5:-6].encode())
    assert is_genuine(TOKEN)


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_a_mistyped_one_is_none(place):
    other = "z" if TOKEN[place] != "z" else "y"
    assert not is_genuine(TOKEN[:place] + other + TOKEN[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "llms_",
        TOKEN[:-1],
        TOKEN + "0",
        TOKEN + "\n",
        f" {TOKEN}",
        TOKEN.upper(),
        TOKEN.replace("0", "\u0660", 1),
        "x" * 41,
    ],
)
def test_what_has_another_form_is_none(text):
    assert not is_genuine(text)


def test_the_one_of_the_documentation_is_none():
    assert re.fullmatch(r"llms_[0-9A-Za-z]{36}", NEW["token"])
    assert not is_genuine(NEW["token"])
    assert NEW["token"].startswith(NEW["prefix"])


def test_what_is_stored_is_the_sha_256():
    assert digest_of(TOKEN) == hashlib.sha256(TOKEN.encode()).hexdigest()
