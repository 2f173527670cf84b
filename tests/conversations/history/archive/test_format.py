"""The format of archives: its schema is strict, and no column is forgotten."""

from uuid import UUID

import pytest

from conversations.history.archive import rows
from conversations.models import Comparison, ComparisonResult, Conversation, Message, PromptSet, Replay, StoredFile
from tests.conversations.history.archive.helpers import SCHEMA, problems

# Columns that are no part of an archive: what follows from others, and what concerns one server alone.
LEFT_OUT = {
    Conversation: {"user_id", "preview", "digest", "message_count", "running", "running_at"},
    Message: {"metered"},
    Comparison: {"user_id"},
    ComparisonResult: {"id", "comparison_id", "metered"},
    StoredFile: {"user_id"},
    PromptSet: {"user_id", "count"},
    Replay: {"user_id", "job_id", "prompt_set_id", "total", "reserved"},
}
TAKEN = {
    Conversation: rows.CONVERSATION,
    Message: rows.MESSAGE,
    Comparison: rows.COMPARISON,
    ComparisonResult: (*rows.PLAIN_OF_RESULT, *rows.FIGURES, "error", "error_message"),
    StoredFile: rows.FILE,
    PromptSet: rows.PROMPT_SET,
    Replay: rows.REPLAY,
}


@pytest.mark.parametrize("model", TAKEN)
def test_a_new_column_is_not_forgotten(model):
    assert {field.attname for field in model._meta.concrete_fields} == {*TAKEN[model], *LEFT_OUT[model]}


def test_the_schema_is_strict_where_it_is_tested():
    usage = dict.fromkeys(SCHEMA["$defs"]["usage"]["properties"])
    assert problems(usage, "usage") == []
    assert problems({**usage, "more": 1}, "usage") == ["Additional properties are not allowed ('more' was unexpected)"]
    assert problems({**usage, "prompt_tokens": "1"}, "usage") != []
    assert problems({"type": "message", "id": str(UUID(int=1))}) != []
