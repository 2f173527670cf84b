"""Runs a replay: a prompt after the other, each begun once, within its budget, and stored as a comparison to vote on.

That a prompt is begun is stored in the transaction that reserves what it can cost, before it is asked. A process that
is killed meanwhile leaves the reservation: the next one counts it as spent, and goes on with the prompt after it.
"""

import random
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from rest_framework.exceptions import APIException, ValidationError

from conversations.comparisons.replays.planning import GONE, Asked, asked_by
from conversations.comparisons.service import Candidate, RunningComparison
from conversations.completions.storing import Storing
from conversations.completions.usage import measurement
from conversations.files.parts import FileGone, with_contents, with_text
from conversations.files.uses import use_in_comparison
from conversations.models import Comparison, ComparisonResult, Replay
from models_registry.api.fields import money
from models_registry.calls.completion import Call, ResolvedModel, resolve
from models_registry.catalogue.lookup import usable_provider
from models_registry.errors import BudgetExceeded, InputNotSupported, PriceUnknown
from models_registry.models import Provider
from models_registry.providers.base import Prompt, Turn
from models_registry.spending.budgets import leases
from models_registry.spending.budgets.bounds import allowance, ceiling, most_input_tokens
from models_registry.spending.money import usd
from perf.api import token_names
from perf.api.access import Access
from perf.db.connections import release
from perf.jobs.run import Cancelled, Lost, Run

KIND = "replay"
HEARTBEAT = 0.5  # seconds of silence after which a cancelled replay is noticed
FAILURES = 5  # prompts in a row that no model answers, after which the replay stops
OF_ONE_PROMPT = (ValidationError, InputNotSupported, FileGone)  # errors after which the next prompt may do


class Stopped(Exception):
    """The replay cannot go on: its budget is used up, a key or a model is gone."""


class Carrier:
    """Carries a replay out in this process."""

    def __init__(self, job: Run, replay: Replay) -> None:
        self.job, self.replay = job, replay
        self.rows = Replay.objects.filter(pk=replay.pk)
        prompts = [] if replay.prompt_set is None else replay.prompt_set.prompts
        self.questions = {each["question_id"]: each for each in prompts}
        said = job.job.arguments
        allowed = said["allowed_models"]
        self.access = Access(
            user_id=replay.user_id,
            token_id=UUID(said["token_id"]) if said["token_id"] else None,
            allowed_models=None if allowed is None else tuple(allowed),
            token_name=said["token_name"],
            endpoint=said["endpoint"],
        )
        self.failures = 0
        self._extended = time.monotonic()

    def carry_out(self) -> None:
        """Run what was not begun yet. Raises Interrupted."""
        with transaction.atomic():  # what a killed process had reserved
            self.rows.update(spent=F("spent") + F("reserved"), reserved=usd(0))
            self.job.confirm()
        self.replay.refresh_from_db(fields=["spent", "reserved", "skipped"])
        begun = self.job.progress.get("begun", 0)
        assert isinstance(begun, int)  # noqa: S101 - it is written below
        for place in range(begun, self.replay.total):
            self.job.check()
            try:
                self._check_access()
                self._run(place)
            except Stopped as stopped:
                code, message = stopped.args
                self.rows.update(stopped=code, stopped_message=message[:500])
                return

    def _check_access(self) -> None:
        """Raise Stopped if who began it could not begin it now."""
        if not User.objects.filter(pk=self.access.user_id, is_active=True).exists():
            raise Stopped("account_inactive", "The account is not active.")
        token = self.access.token_id
        if token is not None and token_names.name_of(self.access.user_id, token) is None:
            raise Stopped("token_revoked", "The token that began the replay was revoked.")

    def _run(self, place: int) -> None:
        item = self.replay.plan[place]
        asked = asked_by(self.replay, item, self.questions)
        if asked is None:
            self._skip(place, GONE)
            return
        try:
            candidates = self._reserve(place, asked, item["models"])
        except OF_ONE_PROMPT as error:
            self._skip(place, _code(error))
            return
        except (APIException, Provider.DoesNotExist) as error:
            raise _stopped(error) from error
        finally:
            release()
        comparison = Comparison(
            user_id=self.replay.user_id,
            prompt=asked.prompt,
            system=asked.system,
            attachments=list(asked.attachments) or None,
            blind=self.replay.blind,
            revealed=not self.replay.blind,
            replay=self.replay,
            replay_place=place,
        )
        running = RunningComparison(comparison, candidates)
        try:
            for _ in running.run(heartbeat=HEARTBEAT):
                self.job.check()
                self._extend()
            self._keep(running, asked)
        except BaseException as error:
            running.stop()
            self._settle(running)
            if not isinstance(error, ValidationError):
                raise
            self._skip(place, FileGone.default_code)  # it was deleted while it was asked about
        self._count_failures(candidates)

    def _reserve(self, place: int, asked: Asked, names: list[str]) -> list[Candidate]:
        """Reserve what an item can cost, and store that it was begun. Raises what a call raises, and Interrupted."""
        turns = with_contents(
            [Turn("user", asked.prompt, with_text(asked.prompt, asked.attachments))], self.access.user_id
        )
        prompt = Prompt(system=asked.system, messages=turns)
        models = []
        for name in names:
            slug, _, model = name.partition("/")
            models.append(resolve(access=self.access, provider=usable_provider(slug), model=model))
        candidates, reserved = [], Decimal(0)
        with transaction.atomic():
            for each in models:
                limited, amount = prompt, Decimal(0)
                if self.replay.budget is not None:
                    limited, amount = within(each, prompt, self.replay.budget - self.replay.spent - reserved)
                reserved += amount
                candidates.append(Candidate(each.provider.slug, each.id, Call(each, limited)))
            if not self.rows.update(reserved=usd(reserved)):
                raise Cancelled  # the account was deleted
            self.job.save(begun=place + 1)
        return candidates

    def _keep(self, running: RunningComparison, asked: Asked) -> None:
        """Store the answers as a comparison with the winner of then, in random order where it is blind."""
        comparison, answers = running.comparison, [running.result(place) for place in range(len(running.candidates))]
        results = [*answers, *([] if asked.winner is None else [_copied(asked.winner, comparison)])]
        if sum(not each.error for each in results) < 2:
            comparison.revealed = True  # there is nothing to vote on
        if comparison.hidden:
            random.SystemRandom().shuffle(results)
        for index, each in enumerate(results):
            each.index = index
        Storing(lambda again: self._store(running, answers, results, again), comparison_id=comparison.pk).wait()

    def _store(
        self, running: RunningComparison, answers: list[ComparisonResult], results: list[ComparisonResult], again: bool
    ) -> None:
        cost = sum((each.cost or Decimal(0) for each in answers), Decimal(0))
        try:
            with transaction.atomic():
                _settle_calls(running, answers, again=again)
                here = self.rows.select_for_update().exists()
                if here and not (again and Comparison.objects.filter(pk=running.comparison.pk).exists()):
                    running.comparison.save(force_insert=True)
                    use_in_comparison(running.comparison)
                    ComparisonResult.objects.bulk_create(results)
                    self.rows.update(spent=usd(self.replay.spent + cost), reserved=usd(0), done=F("done") + 1)
                    self.job.confirm()
        finally:
            release()
        self.replay.spent += cost

    def _settle(self, running: RunningComparison) -> None:
        """Settle the calls of a prompt that was given up; if the replay is another process's by now, only those."""
        answers = [running.result(place) for place in range(len(running.candidates))]
        cost = sum((each.cost or Decimal(0) for each in answers), Decimal(0))

        def store(again: bool) -> None:
            try:
                with transaction.atomic():
                    _settle_calls(running, answers, again=again)
                    with suppress(Lost):  # then the other one has counted what was reserved as spent
                        self.job.confirm()
                        self.rows.update(spent=usd(self.replay.spent + cost), reserved=usd(0))
            finally:
                release()

        Storing(store, replay_id=self.replay.pk).wait()
        self.replay.spent += cost

    def _skip(self, place: int, reason: str) -> None:
        """Count a prompt that cannot be asked, and go on behind it."""
        skipped = {**self.replay.skipped, reason: self.replay.skipped.get(reason, 0) + 1}
        with transaction.atomic():
            self.rows.update(skipped=skipped)
            self.job.save(begun=place + 1)
        self.replay.skipped = skipped

    def _count_failures(self, candidates: list[Candidate]) -> None:
        """Raise Stopped when no model answered for some time: what fails so often fails for all prompts."""
        failures = [each.failure for each in candidates if each.failure is not None]
        self.failures = self.failures + 1 if len(failures) == len(candidates) else 0
        if self.failures >= FAILURES:
            raise _stopped(failures[-1])

    def _extend(self) -> None:
        """Extend what calls have reserved of the user's own budgets; a server has a thread for it, a job has not."""
        if time.monotonic() - self._extended > leases.INTERVAL:
            self._extended = time.monotonic()
            leases.extend()


def run(job: Run) -> None:
    """Run the job of a replay. Raises Interrupted."""
    replay = Replay.objects.select_related("prompt_set").filter(pk=UUID(job.job.arguments["replay"])).first()
    if replay is not None:  # else the account was deleted
        Carrier(job, replay).carry_out()


def within(model: ResolvedModel, prompt: Prompt, left: Decimal) -> tuple[Prompt, Decimal]:
    """Limit a prompt's answer so that `left` USD cover it, and say what it can cost at most, in USD.

    Raises PriceUnknown, and BudgetExceeded.
    """
    registered = model.registered
    sent = most_input_tokens(prompt, None if registered is None else registered.context_window)
    rates = ceiling(registered, sent)
    if rates is None:
        raise PriceUnknown(provider=model.provider.slug, model=model.id)
    allowed = allowance(registered, prompt, rates, left, sent=sent)
    if allowed.amount > left:
        most = money(allowed.amount)
        said = f"{money(left)} USD are left of the replay's budget, and the next prompt can cost {most} USD."
        raise BudgetExceeded(said, details={}, wait=None)
    return replace(prompt, max_tokens=allowed.max_tokens), allowed.amount


def _settle_calls(running: RunningComparison, answers: list[ComparisonResult], *, again: bool) -> None:
    for each, answer in zip(running.candidates, answers, strict=True):
        if each.call is not None:
            each.call.settle(measurement(answer), again=again)


def _copied(winner: ComparisonResult, comparison: Comparison) -> ComparisonResult:
    """Copy an answer into a comparison; its usage was counted when it was given."""
    names = [each.attname for each in ComparisonResult._meta.concrete_fields]
    kept: dict[str, Any] = {name: getattr(winner, name) for name in names if name not in ("id", "comparison_id")}
    return ComparisonResult(**{**kept, "comparison": comparison, "metered": False})


def _code(error: APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else "invalid"


def _stopped(error: Exception) -> Stopped:
    if isinstance(error, APIException):
        return Stopped(_code(error), str(error.detail))
    return Stopped("unknown_provider", "A provider is gone or is not enabled any more.")
