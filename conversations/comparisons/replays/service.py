"""Begins, cancels and deletes replays, and keeps sets of prompts."""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_delete
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError

from conversations.comparisons.replays.planning import plan_of
from conversations.comparisons.replays.running import KIND
from conversations.files import contents
from conversations.files.models import StoredFile
from conversations.models import Message, PromptSet, Replay
from models_registry.calls.completion import ResolvedModel, resolve
from models_registry.errors import PriceUnknown
from models_registry.models import Provider
from models_registry.spending.budgets.bounds import ceiling
from perf.api.access import Access
from perf.jobs import table
from perf.models import Job

AT_ONCE = 5  # replays of a user that have not ended
SETS = 200  # of a user
PROMPTS = 500  # of a set, and of a replay
SET_LENGTH = 2_000_000  # characters of all turns of a set
TEXT_LIMIT = 100_000  # characters of a turn, as of any prompt
LABEL = 100  # characters of a question_id or a category
TURNS = 200  # of a prompt


class TooManyReplays(APIException):
    """The user's earlier replays have not ended."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "too_many_replays"
    default_detail = f"You have {AT_ONCE} replays that have not ended; wait for one, or cancel it."


class ReplayNotEnded(APIException):
    """The replay is under way."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "replay_not_ended"
    default_detail = "The replay has not ended; cancel it first."


class ReplayEnded(APIException):
    """There is nothing to cancel."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "replay_ended"
    default_detail = "The replay has ended."


class TooManySets(APIException):
    """The user has as many sets as anybody may have."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "too_many_prompt_sets"
    default_detail = f"You have {SETS} sets of prompts; delete one first."


def replays_of(user_id: int) -> QuerySet[Replay]:
    """Return a user's replays with their jobs, without their plans."""
    return Replay.objects.filter(user_id=user_id).select_related("job").defer("plan")


def sets_of(user_id: int) -> QuerySet[PromptSet]:
    """Return a user's sets, without their prompts."""
    return PromptSet.objects.filter(user_id=user_id).defer("prompts")


def begin(
    *,
    access: Access,
    models: Sequence[tuple[Provider, str]],
    source: dict[str, Any],
    limit: int,
    budget: Decimal | None,
    blind: bool,
) -> Replay:
    """Plan a replay and add its job. `source` is validated: `type`, and the `tag` or the id of the `set`.

    Raises TooManyReplays; ValidationError for a set that there is not, and if no prompt is found; and for a model what
    `resolve` raises, and PriceUnknown if there is a budget.
    """
    if replays_of(access.user_id).filter(job__due_at__isnull=False).count() >= AT_ONCE:
        raise TooManyReplays
    names = list(dict.fromkeys(f"{provider.slug}/{model}" for provider, model in models))
    for provider, model in models:
        _check_price(resolve(access=access, provider=provider, model=model), budget)
    prompt_set = None
    if source["type"] == "set":
        prompt_set = PromptSet.objects.filter(user_id=access.user_id, pk=source["set"]).first()
        if prompt_set is None:
            raise ValidationError({"source": {"set": ["You have no set of prompts of this id."]}})
    plan = plan_of(access.user_id, names, limit=limit, tag=source.get("tag"), prompt_set=prompt_set)
    if not plan:
        raise ValidationError({"source": ["There is no prompt to replay: none with a winner that is another model."]})
    said = {name: str(value) for name, value in source.items() if value is not None}
    record = Replay(user_id=access.user_id, source=said, prompt_set=prompt_set, candidates=names, budget=budget)
    record.blind, record.plan, record.total = blind, plan, len(plan)
    arguments = {
        "replay": str(record.pk),
        "token_id": str(access.token_id) if access.token_id else None,
        "token_name": access.token_name,
        "allowed_models": access.allowed_models,
        "endpoint": access.endpoint,
    }
    with transaction.atomic():
        record.job = table.enqueue(KIND, arguments, owner=str(access.user_id))
        record.save(force_insert=True)
    return record


def cancel(record: Replay) -> None:
    """Cancel a replay; what was answered stays. Raises ReplayEnded."""
    if not table.cancel(record.job_id):
        raise ReplayEnded
    record.job.refresh_from_db()


def remove(record: Replay) -> None:
    """Delete a replay; its comparisons and their votes stay. Raises ReplayNotEnded."""
    if not record.job.ended:
        raise ReplayNotEnded
    record.delete()


def forget(instance: Replay, **_: Any) -> None:
    """Delete the job of a replay that is deleted; a receiver of `post_delete`."""
    Job.objects.filter(pk=instance.job_id).delete()


def connect() -> None:
    """Have the job of a replay deleted with it, also by the deletion of the account."""
    post_delete.connect(forget, sender=Replay, dispatch_uid="replays")


def gather(
    user_id: int,
    *,
    prompts: Sequence[dict[str, Any]] = (),
    file: UUID | None = None,
    messages: Sequence[UUID] = (),
    conversations: Sequence[UUID] = (),
) -> list[dict[str, Any]]:
    """Return prompts as `PromptSet` keeps them: given ones, those of a file, questions, and whole conversations.

    A conversation gives all its questions as the turns of one prompt. Raises ValidationError for what is not the
    user's, a file that is no list of prompts, ids that are there twice, and too much.
    """
    found = [_written(each) for each in prompts]
    if file is not None:
        found += _in_file(user_id, file)
    own = Message.objects.filter(conversation__user_id=user_id, role=Message.Role.USER).exclude(content="")
    asked = {row.pk: row for row in own.filter(pk__in=messages)} if messages else {}
    if len(asked) < len(set(messages)):
        raise ValidationError({"messages": ["One of them is no question of yours."]})
    found += [{"question_id": str(pk), "category": "", "turns": [asked[pk].content]} for pk in dict.fromkeys(messages)]
    turns: dict[UUID, list[str]] = {pk: [] for pk in conversations}
    said = own.filter(conversation__in=list(turns)).order_by("conversation_id", "created_at", "id")
    for pk, text in said.values_list("conversation_id", "content") if turns else ():
        turns[pk].append(text)
    if not all(turns.values()):
        raise ValidationError({"conversations": ["One of them is no conversation of yours with a question."]})
    found += [{"question_id": str(pk), "category": "", "turns": texts[:TURNS]} for pk, texts in turns.items()]
    _check_size(found)
    _number(found)
    return found


def _check_price(model: ResolvedModel, budget: Decimal | None) -> None:
    if budget is not None and ceiling(model.registered, 0) is None:
        raise PriceUnknown(provider=model.provider.slug, model=model.id)


def _written(given: dict[str, Any]) -> dict[str, Any]:
    """Return a prompt with all its fields; an id that is missing is given later."""
    return {"question_id": "", "category": "", **given}


def _check_size(found: list[dict[str, Any]]) -> None:
    if not found:
        raise ValidationError({"prompts": ["Give one of `prompts`, `file`, `messages` and `conversations`."]})
    if len(found) > PROMPTS or sum(len(turn) for each in found for turn in each["turns"]) > SET_LENGTH:
        raise ValidationError({"prompts": [f"A set has at most {PROMPTS} prompts and {SET_LENGTH:,} characters."]})


def _number(found: list[dict[str, Any]]) -> None:
    """Give those without an id the next free numbers. Raises ValidationError if an id is there twice."""
    given = [each["question_id"] for each in found if each["question_id"]]
    if len(set(given)) < len(given):
        raise ValidationError({"prompts": ["Each question_id must be there once."]})
    free = (str(number) for number in range(1, 2 * len(found) + 1) if str(number) not in set(given))
    for each in found:
        each["question_id"] = each["question_id"] or next(free)


def _in_file(user_id: int, pk: UUID) -> Iterator[dict[str, Any]]:
    """Read the prompts of an uploaded file: a JSON list, or JSON Lines, of objects in MT-bench's shape."""
    file = StoredFile.objects.filter(user_id=user_id, pk=pk).first()
    if file is None:
        raise ValidationError({"file": ["You have no file of this id."]})
    try:
        with contents.open_content(user_id, file.sha256) as stream:
            text = stream.read().decode("utf-8-sig")
        if text.lstrip().startswith("["):
            lines = json.loads(text)
        else:
            lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except FileNotFoundError:
        raise ValidationError({"file": ["The server no longer has its content."]}) from None
    except (ValueError, RecursionError):
        raise ValidationError({"file": ["It is no JSON or JSON Lines."]}) from None
    for number, line in enumerate(lines, 1):
        yield _line(line, number)


def _line(line: Any, number: int) -> dict[str, Any]:
    """Check an object of a file; other fields, such as MT-bench's `reference`, are left out."""
    turns = line.get("turns") if isinstance(line, dict) else None
    texts = turns if isinstance(turns, list) and all(isinstance(turn, str) and turn.strip() for turn in turns) else []
    if not 0 < len(texts) <= TURNS or any(len(text) > TEXT_LIMIT or "\0" in text for text in texts):
        said = f"Prompt {number} must have `turns`, a list of up to {TURNS} texts of up to {TEXT_LIMIT:,} characters."
        raise ValidationError({"file": [said]})
    labels = {name: line.get(name) for name in ("question_id", "category")}
    kept = {name: "" if value is None else str(value)[:LABEL].replace("\0", "") for name, value in labels.items()}
    return {**kept, "turns": [text.encode(errors="replace").decode() for text in texts]}
