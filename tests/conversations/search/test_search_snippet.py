"""GET /conversations?search=: the snippet that shows where a conversation was found."""

import pytest

from conversations.models import Conversation
from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db


def snippet(api, words):
    (row,) = api.get("/api/v1/conversations", {"search": words}).json()["results"]
    return row["snippet"]


def test_it_shows_the_newest_message_that_matches(ann, api):
    say(conversation(ann, title="The sea"), "old sea", "new sea", "newest land")
    assert snippet(api, "sea") == "new <mark>sea</mark>"


def test_it_shows_the_title_when_only_that_matches(ann, api):
    say(conversation(ann, title="The sea"), "land")
    assert snippet(api, "sea") == "The <mark>sea</mark>"


def test_it_marks_exactly_the_matches(ann, api):
    say(conversation(ann), "Seas, a SEA! séa se\u0301a, research sea-Food seafood")
    assert snippet(api, "sea food") == (
        "Seas, a <mark>SEA</mark>! <mark>séa</mark> <mark>se\u0301a</mark>, research "
        "<mark>sea</mark>-<mark>Food</mark> seafood"
    )
    assert snippet(api, "resea") == "Seas, a SEA! séa se\u0301a, <mark>resea</mark>rch sea-Food seafood"


def test_it_is_safe_html(ann, api):
    say(conversation(ann), '<script>alert("sea")</script> & sea')
    assert snippet(api, "sea") == (
        "&lt;script&gt;alert(&quot;<mark>sea</mark>&quot;)&lt;/script&gt; &amp; <mark>sea</mark>"
    )
    assert snippet(api, "<script>") == (
        "&lt;<mark>script</mark>&gt;alert(&quot;sea&quot;)&lt;/<mark>script</mark>&gt; &amp; sea".replace('"', "&quot;")
    )


def test_it_is_cut_around_the_first_match(ann, api):
    say(conversation(ann), "x" * 90 + " sea " + "y" * 90)
    assert snippet(api, "sea") == f"…{'x' * 59} <mark>sea</mark> {'y' * 59}…"


def test_a_match_is_never_cut(ann, api):
    say(conversation(ann), "sea " + "x" * 57 + " seaside")
    assert snippet(api, "seas") == f"…{('sea ' + 'x' * 57 + ' ')[-60:]}<mark>seas</mark>ide"
    assert snippet(api, "sea") == f"<mark>sea</mark> {'x' * 57} <mark>sea</mark>…"


def test_letters_other_than_latin(ann, api):
    say(conversation(ann), "Мой ПРИВЕТ İstanbul'dan")
    assert snippet(api, "привет istanbul") == "Мой <mark>ПРИВЕТ</mark> <mark>İstanbul</mark>&#x27;dan"


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("昨日の病院は機能していない", "機能", "昨日の病院は<mark>機能</mark>していない"),
        ("昨日の病院は機能していない", "い", "昨日の病院は機能して<mark>い</mark>な<mark>い</mark>"),
        ("问题在数据库", "数据库", "问题在<mark>数据库</mark>"),
        ("ฉันลืมกุญแจไว้ที่บ้าน", "กุญแจ", "ฉันลืม<mark>กุญแจ</mark>ไว้ที่บ้าน"),
        ("ไว้ที่บ้าน", "ที", "ไว้<mark>ที่</mark>บ้าน"),  # the tone mark is drawn on the last letter
        ("빅데이터베이스를", "데이터", "빅<mark>데이터</mark>베이스를"),
        ("iPhoneを買う", "iphone 買う", "<mark>iPhone</mark>を<mark>買う</mark>"),
        ("iPhoneを買う", "iphoneを", "<mark>iPhoneを</mark>買う"),
        ("Ⅷ𠮷野家 Café会議", "cafe会議 𠮷野", "Ⅷ<mark>𠮷野</mark>家 <mark>Café会議</mark>"),
        ("go 🚀🚀 now", "🚀", "go <mark>🚀</mark><mark>🚀</mark> now"),
        ("a ⭐️ b ❤️", "⭐️", "a <mark>⭐️</mark> b ❤️"),
        ("ok 👍🏽!", "👍", "ok <mark>👍🏽</mark>!"),
        ("the 👨‍👩‍👧 came", "👩", "the <mark>👨‍👩‍👧</mark> came"),
        ("the 👩‍💻", "👩‍💻", "the <mark>👩‍💻</mark>"),
        ("by 🇩🇪.", "🇩🇪", "by <mark>🇩🇪</mark>."),
        ("A red sea, the Red,\nSea & red", '"red sea"', "A <mark>red sea</mark>, the <mark>Red,\nSea</mark> &amp; red"),
        (
            "red Seaside réd seas",
            '"red" seas',
            "<mark>red</mark> <mark>Seas</mark>ide <mark>réd</mark> <mark>seas</mark>",
        ),
        ("<東京>&タワー", '"東京 タワー"', "&lt;<mark>東京&gt;&amp;タワー</mark>"),
    ],
)
def test_scripts_emoji_and_phrases(ann, api, text, words, expected):
    say(conversation(ann), text)
    assert snippet(api, words) == expected


def test_a_cut_divides_no_letter_and_no_emoji(ann, api):
    say(conversation(ann), "👨‍👩‍👧" + "x" * 58 + " sea " + "ก" * 59 + "ี่" + "ก")
    assert snippet(api, "sea") == f"👨‍👩‍👧{'x' * 58} <mark>sea</mark> {'ก' * 59}ี่…"
    Conversation.objects.all().delete()
    say(conversation(ann), "a" + "\u0591" * 300 + " sea")
    assert snippet(api, "sea") == f"…{chr(0x591) * 59} <mark>sea</mark>"
