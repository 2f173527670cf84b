"""GET /conversations?search=: scripts without blanks between words, emoji, and several scripts in one text."""

import random

import pytest
from django.db import connection

from conversations.models import Message
from conversations.search.index import MessageContains, message_query
from conversations.search.tokens import fold_letters, tokenize
from tests.helpers import conversation, say

pytestmark = pytest.mark.django_db


def found(api, words):
    response = api.get("/api/v1/conversations", {"search": words})
    assert response.status_code == 200, response.content
    return [row["title"] for row in response.json()["results"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("昨日の病院は機能していない", "機能"),
        ("昨日の病院は機能していない", "昨日"),
        ("昨日の病院は機能していない", "いない"),
        ("昨日の病院は機能していない", "病"),
        ("昨日の病院は機能していない", "い"),
        ("昨日の病院は機能していない", "昨日の病院は機能していない"),
        ("昨日の病院は機能していない", "機能 昨日"),
        ("问题在数据库", "数据库"),
        ("问题在数据库", "问题 数据"),
        ("问题在数据库。", "「数据库」"),
        ("東京タワー、大阪城", "タワー"),
        ("東京タワー、大阪城", "大阪城"),
        ("ﾊﾝｶｸのカナ", "ｶｸの"),
        ("𠮷野家で食べた", "𠮷野"),
        ("人々が集まる", "人々"),
        ("ฉันลืมกุญแจไว้ที่บ้าน", "กุญแจ"),
        ("ฉันลืมกุญแจไว้ที่บ้าน", "บ้าน"),
        ("빅데이터베이스를 씁니다", "데이터베이스"),
        ("학교에서 만나요", "학교"),
        ("학교에서 만나요", "만나요 학교"),
        ("ຂ້ອຍຮັກພາສາລາວ", "ພາສາ"),
        ("ខ្ញុំស្រឡាញ់ភាសាខ្មែរ", "ភាសា"),
        ("မြန်မာဘာသာစကား", "ဘာသာ"),
    ],
)
def test_words_inside_of_runs(ann, api, text, words):
    say(conversation(ann, title="that one"), text)
    conversation(ann, title=text)
    assert sorted(found(api, words)) == sorted(["that one", text])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("昨日の病院は機能していない", "能機"),
        ("昨日の病院は機能していない", "機院"),
        ("機械の性能", "機能"),
        ("数据 据库", "数据库"),
        ("数据和据库", "数据库"),
        ("数据库", "据数"),
        ("東 京", "東京"),
        ("ฉันลืมกุญแจ", "แจกุญ"),
        ("베이스데이터", "데이터베이스"),
    ],
)
def test_letters_in_another_order_are_not_found(ann, api, text, words):
    say(conversation(ann), text)
    assert found(api, words) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("iPhoneを買う", "iphone"),
        ("iPhoneを買う", "iphone 買う"),
        ("iPhoneを買う", "iPhoneを"),
        ("iPhone を買う", "iPhoneを買う"),
        ("iPhoneを買う", "買う iph"),
        ("東京Tower2で", "tower2"),
        ("東京Tower2で", '"東京 tower2 で"'),
        ("第3回Café会議", "3"),
        ("第3回Café会議", "cafe会議"),
        ("Привет世界Ελλάδα", "привет ελλαδα"),
        ("Привет世界Ελλάδα", "世界"),
        ("OKですか!", "OK"),
        ("hello🚀world", "world"),
        ("hello🚀world", "hello🚀world"),
        ("発射🚀成功", "射🚀成"),
    ],
)
def test_mixed_scripts(ann, api, text, words):
    say(conversation(ann, title="that one"), text)
    expected = [] if (text, words) == ("Привет世界Ελλάδα", "привет ελλαδα") else ["that one"]  # accents of Latin only
    assert found(api, words) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("go 🚀 now", "🚀"),
        ("go🚀🚀now", "🚀"),
        ("⭐️", "⭐"),
        ("⭐", "⭐️"),
        ("I ❤️ it", "❤"),
        ("well done 👍🏽", "👍"),
        ("well done 👍", "👍🏽"),
        ("👨‍👩‍👧 came", "👩"),
        ("👩‍💻 codes", "👩‍💻"),
        ("❤️‍🔥", "❤️‍🔥"),
        ("🇩🇪 won", "🇩🇪"),
        ("1️⃣ first", "1"),
        ("🎉🚀", "🚀 🎉"),
        ("🎉🚀", "🎉🚀"),
        ("🎉, 🚀", "🎉🚀"),
        ("☀ and ✨", "✨ ☀"),
    ],
)
def test_emoji(ann, api, text, words):
    say(conversation(ann, title="that one"), text)
    conversation(ann, title="🙂 ⭕️ ©️ another")
    assert found(api, words) == ["that one"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("❤️", "⭐️"),
        ("❤️", "\ufe0f"),
        ("👨‍👩‍👧", "\u200d"),
        ("👨‍👩‍👧", "👦"),
        ("🎉🚀", "🚀🎉"),
        ("👩 and 💻", "👩‍💻"),
        ("🇪🇩", "🇩🇪"),
        ("👍🏽", "🏽"),
        ("go now", "🚀"),
    ],
)
def test_other_emoji_are_not_found(ann, api, text, words):
    say(conversation(ann), text)
    assert found(api, words) == []


LETTERS = (
    "a",
    "B",
    "é",
    "b",
    "e\u0301",
    " ",
    ", ",
    "機",
    "能",
    "カ",
    "ก",
    "ุ",
    "가",
    "🚀",
    "⭐\ufe0f",
    "👍🏽",
    "\u200d",
    "1",
    "д",
)


@pytest.mark.parametrize("seed", range(4))
def test_the_index_and_the_text_itself_agree(ann, seed):
    rng = random.Random(seed)
    row = conversation(ann)
    say(row, *("".join(rng.choices(LETTERS, k=rng.randint(1, 12))) for _ in range(150)))
    for _ in range(60):
        words = "".join(rng.choices(LETTERS, k=rng.randint(1, 4)))
        tokens = tokenize(f'"{words}"' if rng.random() < 0.3 else words)
        if tokens:
            with connection.cursor() as cursor:
                cursor.execute(*message_query(tokens, 1000))
                indexed = {str(pk).replace("-", "") for (pk,) in cursor.fetchall()}
            tested = Message.objects.filter(MessageContains("pk", tokens=tokens))
            assert {pk.hex for pk in tested.values_list("pk", flat=True)} == indexed, repr(words)
            matching = {each.pk.hex for each in row.messages.all() if all_match(tokens, each.content)}
            assert matching == indexed, repr(words)


def all_match(tokens, text):
    """Tell whether the snippet's patterns find every term."""
    return all(type(tokens)((term,)).first_match(fold_letters(text)) for term in tokens.terms)
