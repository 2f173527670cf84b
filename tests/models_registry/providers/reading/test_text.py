from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models_registry.providers.reading.text import MAX_CHARACTERS, TextCleaner, clean

texts = st.text(st.sampled_from(["a", "é", "\0", "\ud83d", "\ude00", "\udbff", "\udfff", "😀", "\ufffd"]), max_size=30)


def cleaned(pieces: list[str]) -> str:
    cleaner = TextCleaner()
    return "".join([*(cleaner.feed(piece) for piece in pieces), cleaner.finish()])


def expected(text: str) -> str:
    """Written as slowly and plainly as it goes."""
    text, result, i = text.replace("\0", ""), "", 0
    while i < len(text):
        pair = text[i : i + 2]
        if len(pair) == 2 and "\ud800" <= pair[0] <= "\udbff" and "\udc00" <= pair[1] <= "\udfff":
            result += chr(0x10000 + ((ord(pair[0]) - 0xD800) << 10) + ord(pair[1]) - 0xDC00)
            i += 2
        else:
            result += "\ufffd" if "\ud800" <= pair[0] <= "\udfff" else pair[0]
            i += 1
    return result


@given(texts)
def test_it_drops_nul_joins_pairs_and_replaces_lone_halves(text):
    assert clean(text) == (expected(text), False)


@given(texts, st.data())
def test_any_cut_gives_the_same_text(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    edges = [0, *cuts, len(text)]
    assert cleaned([text[a:b] for a, b in pairwise(edges)]) == expected(text)


def test_every_result_can_be_stored():
    clean("\ud83d\0\ude00\ud800")[0].encode()


def test_a_million_characters_are_kept():
    assert clean("x" * MAX_CHARACTERS) == ("x" * MAX_CHARACTERS, False)
    assert clean("x" * MAX_CHARACTERS + "\0") == ("x" * MAX_CHARACTERS, False)


def test_what_exceeds_a_million_is_cut_off():
    assert clean("é" * (MAX_CHARACTERS + 5)) == ("é" * MAX_CHARACTERS, True)


def test_pieces_are_cut_where_the_whole_would_be():
    cleaner = TextCleaner()
    assert cleaner.feed("x" * (MAX_CHARACTERS - 1)) == "x" * (MAX_CHARACTERS - 1)
    assert (cleaner.feed("yz"), cleaner.cut) == ("y", True)
    assert cleaner.feed("more") == ""
