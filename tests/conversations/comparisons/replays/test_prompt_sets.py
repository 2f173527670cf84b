"""/prompt-sets, and replays of a set."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from conversations.models import Comparison, PromptSet
from perf.jobs.runner import run_all
from tests.conversations.comparisons.replays import REPLAYS, SETS, begin, replayed
from tests.helpers import conversation, invalid

pytestmark = pytest.mark.django_db

FAST, SLOW = {"provider": "echo", "model": "echo-fast"}, {"provider": "echo", "model": "echo-slow"}
# The first two lines of MT-bench's question.jsonl, shortened.
MT_BENCH = [
    {"question_id": 81, "category": "writing", "turns": ["Write a travel post.", "Begin each sentence with A."]},
    {"question_id": 101, "category": "reasoning", "turns": ["You overtook the second."], "reference": ["", ""]},
]
KEPT = [
    {"question_id": "81", "category": "writing", "turns": ["Write a travel post.", "Begin each sentence with A."]},
    {"question_id": "101", "category": "reasoning", "turns": ["You overtook the second."]},
]


def uploaded(api, text):
    file = SimpleUploadedFile("question.jsonl", text.encode(), "application/x-ndjson")
    response = api.post("/api/v1/files", {"file": file}, format="multipart")
    assert response.status_code == 201, response.content
    return response.json()["id"]


def made(api, **body):
    response = api.post(SETS, {"name": "mine", **body})
    assert response.status_code == 201, response.content
    return response.json()


@pytest.mark.parametrize("text", [json.dumps(MT_BENCH), "\n".join(map(json.dumps, MT_BENCH)) + "\n"])
def test_a_file_in_the_shape_of_mt_bench(api, text):
    row = made(api, file=uploaded(api, text))
    assert (row["prompts"], row["count"]) == (KEPT, 2)
    assert api.get(f"{SETS}/{row['id']}").json() == row


def test_questions_and_conversations(ann, api):
    chat = conversation(ann, messages=4)
    question = chat.messages.earliest("created_at")
    prompts = made(api, messages=[str(question.pk)], conversations=[str(chat.pk)], prompts=[{"turns": ["x"]}])[
        "prompts"
    ]
    assert prompts == [
        {"question_id": "1", "category": "", "turns": ["x"]},
        {"question_id": str(question.pk), "category": "", "turns": ["message 0"]},
        {"question_id": str(chat.pk), "category": "", "turns": ["message 0", "message 2"]},
    ]


def test_they_are_listed_changed_and_deleted_by_their_owner(api, bob_api):
    pk = made(api, prompts=[{"turns": ["x"]}])["id"]
    changed = api.patch(f"{SETS}/{pk}", {"name": "new", "prompts": [{"turns": ["y"]}, {"turns": ["z"]}]}).json()
    assert (changed["name"], [each["turns"] for each in changed["prompts"]]) == ("new", [["y"], ["z"]])
    [listed] = api.get(SETS).json()["results"]
    assert (listed["count"], "prompts" in listed) == (2, False)
    assert bob_api.get(SETS).json()["results"] == []
    assert [getattr(bob_api, how)(f"{SETS}/{pk}").status_code for how in ("get", "patch", "delete")] == [404] * 3
    assert (api.delete(f"{SETS}/{pk}").status_code, PromptSet.objects.count()) == (204, 0)


NO_PROMPT = "Prompt 1 must have `turns`, a list of up to 200 texts of up to 100,000 characters."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{not json", "It is no JSON or JSON Lines."),
        ("[" * 100_000, "It is no JSON or JSON Lines."),
        ("[1]", NO_PROMPT),
        ('{"turns": []}', NO_PROMPT),
        ('{"turns": ["  "]}', NO_PROMPT),
        ('{"turns": "x"}', NO_PROMPT),
        (json.dumps({"turns": ["x"] * 201}), NO_PROMPT),
    ],
)
def test_a_file_that_is_none(api, text, problem):
    response = api.post(SETS, {"name": "x", "file": uploaded(api, text)})
    assert (response.status_code, response.json()) == (400, invalid(file=problem))


def test_what_else_is_refused(ann, bob, api, bob_api):
    others = conversation(bob, messages=2)
    unknown = {
        "file": uploaded(bob_api, "[]"),
        "messages": [str(others.messages.earliest("created_at").pk)],
        "conversations": [str(others.pk)],
    }
    for name, value in unknown.items():
        response = api.post(SETS, {"name": "x", name: value})
        assert (response.status_code, list(response.json()["details"])) == (400, [name])
    twice = [{"question_id": "1", "turns": ["x"]}] * 2
    none = "Give one of `prompts`, `file`, `messages` and `conversations`."
    for prompts, said in (([], none), (twice, "Each question_id must be there once.")):
        assert api.post(SETS, {"name": "x", "prompts": prompts}).json() == invalid(prompts=said)


def test_models_answer_a_set_side_by_side(api, echo):
    row = made(api, prompts=KEPT)
    ended = replayed(api, FAST, SLOW, source={"type": "set", "set": row["id"]})
    assert (ended["state"], ended["total"], ended["done"]) == ("done", 2, 2)
    first, second = Comparison.objects.filter(replay__isnull=False).order_by("replay_place").with_results()
    assert (first.prompt, second.prompt) == ("Write a travel post.", "You overtook the second.")
    assert first.hidden
    assert {each.model for each in first.results.all()} == {"echo-fast", "echo-slow"}
    fast = first.results.get(model="echo-fast").index
    assert api.post(f"/api/v1/comparisons/{first.pk}/vote", {"preferred_index": fast}).status_code == 200
    results = api.get(f"{REPLAYS}/{ended['id']}").json()["results"]
    assert [(each["wins"], each["losses"], each["waiting"]) for each in results] == [(1, 0, 1), (0, 1, 1)]


def test_a_set_that_is_deleted_or_changed_meanwhile(api, echo):
    pk = made(api, prompts=KEPT)["id"]
    running = begin(api, FAST, source={"type": "set", "set": pk})["id"]
    api.patch(f"{SETS}/{pk}", {"prompts": KEPT[1:]})
    run_all()
    row = api.get(f"{REPLAYS}/{running}").json()
    assert (row["done"], row["skipped"], row["to_vote"]) == (1, {"gone": 1}, [])
    api.delete(f"{SETS}/{pk}")
    assert api.get(f"{REPLAYS}/{running}").json()["source"] == {"type": "set", "tag": None, "set": pk}
