"""Imports that are cancelled or taken back, and what goes with an account."""

import pytest

from conversations.models import Conversation, Import, Imported, Message
from perf.jobs.runner import run_all
from perf.models import Job
from tests.conversations.history.importing.conftest import URL, chats, imported, upload
from tests.conversations.history.importing.samples import chatgpt, claude, node
from tests.helpers import conversation, error

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_that_waits_is_cancelled_at_once(api, uploads):
    pk = upload(api, [chatgpt()]).json()["id"]
    answer = api.post(f"{URL}/{pk}/cancel")
    assert (answer.status_code, answer.json()["state"], list(uploads.iterdir())) == (200, "cancelled", [])
    again = api.post(f"{URL}/{pk}/cancel")
    assert (again.status_code, again.json()) == (409, error("import_ended", "The import has ended."))
    assert (run_all(), chats(api)) == (0, [])


def test_taking_back_removes_what_came_but_not_what_was_continued(api, ann):
    own = conversation(ann, messages=2)
    pk = imported(api, [chatgpt(), claude()])["id"]
    continued = next(row for row in chats(api) if row["source"] == "claude")
    Message.objects.create(conversation_id=continued["id"], role="user", content="go on", provider="x", model="y")
    Conversation.objects.filter(pk=continued["id"]).recount()
    answer = api.delete(f"{URL}/{pk}")
    assert (answer.status_code, answer.json()) == (
        200,
        {"conversations": 1, "messages": 2, "comparisons": 0, "kept": 1},
    )
    assert {row["id"] for row in chats(api)} == {str(own.pk), continued["id"]}
    assert api.get(f"{URL}/{pk}").status_code == 404
    assert (Import.objects.count(), Imported.objects.count(), Job.objects.count()) == (0, 0, 0)


def test_taking_back_a_newer_export_leaves_the_older_one(api):
    imported(api, [chatgpt()])
    before = chats(api)
    at = 1_756_000_000.5
    longer = chatgpt(
        node("q1", "root", text="Which is the longest?", at=at + 1),
        node("a1", "q1", "assistant", "The Nile.", at + 2),
        node("q2", "a1", text="And the widest?", at=at + 3),
    )
    pk = imported(api, [longer])["id"]
    assert api.delete(f"{URL}/{pk}").json() == {"conversations": 0, "messages": 1, "comparisons": 0, "kept": 0}
    after = chats(api)
    assert [{**row, "updated_at": None} for row in after] == [{**row, "updated_at": None} for row in before]


def test_one_that_goes_on_is_not_taken_back(api):
    pk = upload(api, [chatgpt()]).json()["id"]
    answer = api.delete(f"{URL}/{pk}")
    said = "The import has not ended; cancel it first."
    assert (answer.status_code, answer.json()) == (409, error("import_not_ended", said))


def test_an_account_that_is_deleted_takes_files_and_jobs_along(api, ann, uploads):
    upload(api, [chatgpt()])
    ann.delete()
    assert (list(uploads.iterdir()), Job.objects.count(), Import.objects.count()) == ([], 0, 0)
