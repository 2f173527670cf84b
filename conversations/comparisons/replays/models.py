"""Sets of prompts, and replays of prompts by other models."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from models_registry.spending.money import MoneyField
from perf.models import Job

NAME_LENGTH = 100  # characters


class PromptSet(models.Model):
    """Prompts under a name. `prompts` are objects like the lines of MT-bench's `question.jsonl`.

    Each has `question_id` (a text, different within the set), `category` (a text, maybe "") and `turns` (texts, at
    least one): https://github.com/lm-sys/FastChat/blob/main/fastchat/llm_judge/data/mt_bench/question.jsonl
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="prompt_sets", db_index=False
    )
    name = models.CharField(max_length=NAME_LENGTH)
    prompts: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    count = models.PositiveIntegerField(default=0, help_text="How many prompts it has.")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="idx_prompt_set_user_created")]

    def __str__(self) -> str:
        return str(self.id)


class Replay(models.Model):
    """Prompts that are answered by other models; what comes of each is a comparison that refers to its replay.

    `plan` says what is run, in this order: an object with `comparison`, the id of the voted one whose prompt is
    answered and whose winner is the rival, or `question`, the `question_id` in the set; and the `models` that answer.
    The job's progress says how many of the plan were begun: one that was begun is never begun again. `spent` and
    `reserved`, in USD, are together never more than `budget`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="replays", db_index=False)
    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="+")
    source = models.JSONField(default=dict, help_text="Where the prompts come from.")
    prompt_set = models.ForeignKey(PromptSet, on_delete=models.SET_NULL, null=True, related_name="replays")
    candidates: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list, help_text="provider/model")
    blind = models.BooleanField(default=True)
    plan: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(default=list)
    total = models.PositiveIntegerField(default=0, help_text="The length of the plan.")
    done = models.PositiveIntegerField(default=0, help_text="Those that were answered, or failed, and were stored.")
    skipped: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(
        default=dict, help_text="How many were not asked, by reason."
    )
    budget: "models.Field[Decimal | int | None, Decimal | None]" = MoneyField(  # type: ignore[assignment, misc]
        null=True, help_text="USD"
    )
    spent = MoneyField(default=Decimal(0), help_text="USD")
    reserved = MoneyField(default=Decimal(0), help_text="USD that the prompt under way may cost at most.")
    stopped = models.CharField(max_length=50, blank=True, help_text="The code of what ended it before its end.")
    stopped_message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="idx_replay_user_created")]

    def __str__(self) -> str:
        return str(self.id)
