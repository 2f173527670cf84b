"""Comparing: all models answer one prompt at once, and none can harm another."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError

from conversations.completions.idempotency.records import Attempt
from conversations.completions.reasons import INTERRUPTED, GivenUp, reason
from conversations.completions.runner import Arrived, Event, stream_all
from conversations.completions.storing import Storing
from conversations.completions.usage import measurement
from conversations.files.parts import with_contents, with_text
from conversations.files.uses import use_in_comparison
from conversations.models import Comparison, ComparisonResult
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.errors import APIKeyMissing, APIKeyUnreadable, StreamBroken
from models_registry.models import Provider
from models_registry.providers.base import Effort, Part, Prompt, Turn
from perf.api.access import Access
from perf.db.connections import release


@dataclass(slots=True)
class Candidate:
    """A model that takes part: its call, or why it cannot be called; `ended` once it is known how it went."""

    provider: str
    model: str
    call: Call | None
    failure: APIException | None = None
    ended: bool = False


class RunningComparison:
    """A comparison under way; the order of `candidates` is that of the results' indexes."""

    def __init__(self, comparison: Comparison, candidates: Sequence[Candidate], attempt: Attempt | None = None) -> None:
        self.comparison = comparison
        self.attempt = attempt
        self.candidates = candidates
        self.stream_id = uuid4()
        self._stopped = False
        self._storing: Storing | None = None

    def run(self, heartbeat: float | None = None) -> Iterator[list[Event]]:
        """Yield what arrives: (index, a piece of text, or the error or None at its end).

        In times of silence that is [], every `heartbeat` seconds, by default `STREAM_HEARTBEAT`.
        """
        if refused := [(index, each.failure) for index, each in enumerate(self.candidates) if each.call is None]:
            yield list(refused)
        running = [index for index, each in enumerate(self.candidates) if each.call is not None]
        calls = [each.call for each in self.candidates if each.call is not None]
        for arrived in stream_all(calls, heartbeat=heartbeat or settings.STREAM_HEARTBEAT):
            events = [(running[number], self._ended_by(event)) for number, event in arrived]
            for index, event in events:
                if event is None or isinstance(event, APIException):
                    self.candidates[index].failure, self.candidates[index].ended = event, True
            yield events

    def stop(self) -> None:
        """Cancel the calls that still run because the user wants it, from any thread."""
        self._stopped = True
        self._close()

    def result(self, index: int) -> ComparisonResult:
        """Write down how far a candidate has come."""
        each = self.candidates[index]
        code, message = ("", "") if each.ended else INTERRUPTED
        if each.failure is not None:
            code, message = reason(each.failure)
        row = ComparisonResult(
            comparison=self.comparison,
            index=index,
            provider=each.provider,
            model=each.model,
            error=code,
            error_message=message,
        )
        if each.call is not None:
            row.response = each.call.text
            row.reasoning = each.call.reasoning or None
            row.finish_reason = each.call.finish_reason
            row.metered = True
            for name, value in each.call.measure()._asdict().items():
                setattr(row, name, value)
        return row

    def finish(self) -> None:
        """Store the results, once, waiting while the database is away; raises what that ends with otherwise."""
        for _ in self.finishing():
            pass

    def finishing(self) -> Iterator[None]:
        """Store the results, once, yielding while the database is away, when no connection is held.

        Of a comparison deleted meanwhile nothing is kept.
        """
        if self._storing is None:
            results = [self.result(index) for index in range(len(self.candidates))]
            self._storing = Storing(lambda again: self._store(results, again=again), comparison_id=self.comparison.pk)
        return self._storing.attempts()

    def _store(self, results: list[ComparisonResult], *, again: bool) -> None:
        """Add the results, unless they are there: from an earlier try, or another attempt at the same request.

        Another attempt that was faster took this one for dead. The calls are settled in any case.
        """
        try:
            with transaction.atomic():
                there = Comparison.objects.select_for_update().filter(pk=self.comparison.pk).exists()
                for each, result in zip(self.candidates, results, strict=True):
                    if each.call is not None:
                        each.call.settle(measurement(result), again=again)
                if there and not self.comparison.results.exists():
                    ComparisonResult.objects.bulk_create(results)
                    if self.attempt is not None:
                        self.attempt.complete()
        finally:
            release()

    def abandon(self) -> None:
        """Give up the calls that still run, and keep what has come."""
        self._close()
        self.finish()

    def _close(self) -> None:
        for each in self.candidates:
            if each.call is not None and not each.ended:
                each.call.close()

    def _ended_by(self, event: Arrived) -> Arrived:
        """Tell a call that the user stopped from one that broke off."""
        return GivenUp() if self._stopped and isinstance(event, StreamBroken) else event


def begin(
    *,
    access: Access,
    prompt: str,
    models: Sequence[tuple[Provider, str]],
    system: str = "",
    blind: bool = False,
    reasoning_effort: Effort | None = None,
    attachments: Sequence[Part] = (),
    attempt: Attempt | None = None,
) -> RunningComparison:
    """Store the comparison and prepare the calls, holding no connection afterwards.

    `attachments` are parts that refer to files. A model without a key fails alone. Raises ValidationError for a
    reasoning effort that one of them does not have or a file that is gone, FileGone, InputNotSupported, ModelNotAllowed
    and PriceUnknown for one of them, BudgetExceeded when not all of them are covered, APIKeyMissing or APIKeyUnreadable
    when none can be called, and InProgress of an `attempt`: then nothing is stored. What an earlier attempt stored and
    did not live to answer is gone on with.
    """
    order = list(models)
    if blind:
        random.SystemRandom().shuffle(order)
    try:
        turns = with_contents([Turn("user", prompt, with_text(prompt, attachments))], access.user_id)
        question = Prompt(system=system, messages=turns, reasoning_effort=reasoning_effort)
        found = [_resolved(access, provider, model) for provider, model in order]
        failures = [each for each in found if isinstance(each, APIException)]
        if len(failures) == len(found):
            raise failures[0]
        asked = Comparison(user_id=access.user_id, prompt=prompt, system=system, blind=blind, revealed=not blind)
        asked.attachments = list(attachments) or None
        with transaction.atomic():  # with the budgets of all calls, or none
            comparison = _stored(asked, attempt)
            candidates = [_candidate(*names, each, question) for names, each in zip(order, found, strict=True)]
    finally:
        release()
    return RunningComparison(comparison, candidates, attempt)


def _stored(comparison: Comparison, attempt: Attempt | None) -> Comparison:
    """Store a comparison, or give the one that an earlier attempt stored."""
    if attempt is not None and attempt.record is not None:
        attempt.claim()  # first: from here on the comparison cannot be deleted before this is stored
        earlier = attempt.record.comparison
        assert earlier is not None  # noqa: S101 - else it could not be taken
        return earlier
    comparison.save(force_insert=True)
    use_in_comparison(comparison)
    if attempt is not None:
        attempt.claim(comparison=comparison)
    return comparison


def vote(*, comparison: Comparison, preferred_index: int | None, both_bad: bool = False) -> None:
    """Prefer a result, or none of them: a tie, or all are bad. The models are revealed. Raises ValidationError."""
    if both_bad and preferred_index is not None:
        raise ValidationError({"both_bad": "Must not be true when a result is preferred."})
    good = {result.index for result in comparison.results.all() if not result.error}
    if preferred_index is not None and preferred_index not in good:
        raise ValidationError({"preferred_index": "Must be the index of a result without an error, or null."})
    if not good:
        raise ValidationError({"preferred_index": "There is no result to vote on."})
    comparison.preferred_index = preferred_index
    comparison.both_bad = both_bad or None
    comparison.voted_at = timezone.now()
    comparison.revealed = True
    comparison.save(update_fields=["preferred_index", "both_bad", "voted_at", "revealed"])


def clear_vote(*, comparison: Comparison) -> None:
    """Take a vote back; what was revealed stays revealed."""
    comparison.preferred_index = comparison.both_bad = comparison.voted_at = None
    comparison.save(update_fields=["preferred_index", "both_bad", "voted_at"])


def _resolved(access: Access, provider: Provider, model: str) -> ResolvedModel | APIException:
    """Find a model, or why it cannot be called."""
    try:
        return resolve(access=access, provider=provider, model=model)
    except (APIKeyMissing, APIKeyUnreadable) as failure:
        return failure


def _candidate(provider: Provider, model: str, found: ResolvedModel | APIException, prompt: Prompt) -> Candidate:
    if isinstance(found, APIException):
        return Candidate(provider.slug, model, None, found, ended=True)
    return Candidate(provider.slug, model, Call(found, prompt))
