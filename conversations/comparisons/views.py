"""Comparing over HTTP: all answers at once, streamed side by side, kept, voted on, judged."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from conversations.caches import comparisons
from conversations.comparisons import examples, serializers
from conversations.comparisons.answering import ComparisonAnswer
from conversations.comparisons.judge import analyze
from conversations.comparisons.running import detailed
from conversations.comparisons.serializers import comparison_row
from conversations.comparisons.service import begin, clear_vote, vote
from conversations.completions.concurrency import Slot
from conversations.completions.idempotency.records import AnswerDeleted
from conversations.completions.idempotency.views import IDEMPOTENCY_KEY, RepeatableView, UnrepeatableView, replayed
from conversations.completions.responses import streamed, whole
from conversations.completions.sse import EVENT, EventStreamResponse
from conversations.files.parts import attached
from conversations.history import queries
from conversations.history.deletion import delete_locked
from conversations.models import Comparison, ComparisonQuerySet, RepeatableRequest
from models_registry.api.requests import current_user
from perf.api.access import access_of
from perf.api.validation import valid
from perf.caching.responses import CachedQuery, CachedView, canonical


class CompareView(RepeatableView):
    """POST /compare."""

    operation = "compare"

    @extend_schema(
        request=serializers.CompareInput,
        responses=serializers.ComparisonOutput,
        parameters=[IDEMPOTENCY_KEY],
        examples=examples.COMPARE,
        tags=["compare"],
    )
    def post(self, request: Request) -> Response:
        """Compare models and wait for all answers.

        Sends one prompt to two to four models at once, with files as `attachments` if all of them can read such. The
        same model may take part twice. With `blind` the answers come in random order and without names, until you vote.
        A model that fails does so alone: its result has an `error`.

        The comparison is kept; vote on it to fill your leaderboard.
        """
        if self.attempt is not None and self.attempt.record is not None and self.attempt.answered:
            return replayed(comparison_row(_kept(self.attempt.record)))
        asked, _ = _asked(request)
        user_id = asked["access"].user_id
        answering = whole(user_id, lambda: ComparisonAnswer(begin(**asked, attempt=self.attempt)))
        if answering.failure is not None:
            raise answering.failure
        running = answering.running
        results = [running.result(index) for index in range(len(running.candidates))]
        return Response(comparison_row(running.comparison, results))


class CompareStreamView(UnrepeatableView):
    """POST /compare/stream."""

    @extend_schema(
        request=serializers.CompareInput,
        responses={(200, "text/event-stream"): EVENT},
        examples=examples.STREAM,
        tags=["compare"],
    )
    def post(self, request: Request) -> EventStreamResponse:
        """Compare models and read their answers as they are written.

        Takes what `POST /api/v1/compare` takes, and answers with server-sent events: `start` with the comparison,
        interleaved `chunk`s and, unless blind, `reasoning` with the `index` of their model, for each model one
        `complete` or `error`, and `done` when all is stored.

        If you disconnect, the answers are written to their end all the same, unless `on_disconnect` is `stop`. `start`
        has the `url` at which to go on reading.
        """
        asked, on_disconnect = _asked(request)
        user_id = asked["access"].user_id
        return streamed(user_id, lambda: ComparisonAnswer(begin(**asked)), on_disconnect=on_disconnect)


class ComparisonViewSet(CachedView, GenericViewSet[Comparison]):
    """One's own comparisons; anybody else's is not found."""

    queryset = Comparison.objects.none()
    serializer_class = serializers.ComparisonOutput
    orderings = (queries.NEWEST_FIRST,)
    lookup_value_converter = "uuid"

    @property
    def throttle_scope(self) -> str | None:
        """A judgement calls a model, as a chat does."""
        return "completion" if self.action == "analyze" else None

    def get_queryset(self) -> ComparisonQuerySet:
        """Only the user's own, with their results."""
        return queries.comparisons(current_user(self.request).pk)

    def cached(self, request: Request) -> CachedQuery | None:
        """Declare the list."""
        if self.action != "list":
            return None
        return comparisons, canonical(request.query_params, ("cursor", "page_size"), {"page_size": "20"})

    @extend_schema(examples=examples.SHOWN, tags=["compare"])
    def list(self, request: Request) -> HttpResponseBase:
        """List your comparisons.

        Newest first, with all answers. Follow `next` for older ones.
        """
        return self.cached_response(request, owner=current_user(request).pk, load=self._page)

    def _page(self) -> Any:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([comparison_row(comparison) for comparison in page]).data

    @extend_schema(responses=serializers.ComparisonDetail, examples=examples.DETAIL, tags=["compare"])
    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Show a comparison.

        One of your own, with its answers, your vote, and what a model that judged it wrote. `running` says where
        answers that are being written are read.
        """
        return Response(detailed(self.get_queryset(), pk))

    @extend_schema(responses={204: None}, tags=["compare"])
    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Delete a comparison.

        Deletes it with its answers and your vote, which then no longer counts on the leaderboard.
        """
        delete_locked(Comparison.objects.for_user(current_user(self.request).pk), pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        request=serializers.VoteInput, responses=serializers.ComparisonOutput, examples=examples.VOTE, tags=["compare"]
    )
    @action(detail=True, methods=["post"])
    def vote(self, request: Request, pk: UUID) -> Response:
        """Vote for an answer.

        Says which answer you prefer, by its `index`; null is a tie, or, with `both_bad`, that all are bad. In a blind
        comparison this reveals who wrote what. Voting again changes the vote.
        """
        data = valid(serializers.VoteInput, request.data)
        with transaction.atomic():
            comparison = get_object_or_404(self.get_queryset().select_for_update(), pk=pk)
            vote(comparison=comparison, **data)
        return Response(comparison_row(comparison))

    @extend_schema(
        request=None, responses={200: serializers.ComparisonOutput}, examples=examples.SHOWN, tags=["compare"]
    )
    @vote.mapping.delete
    def clear_vote(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Take your vote back.

        The comparison no longer counts on the leaderboard. What a vote has revealed stays revealed.
        """
        with transaction.atomic():
            comparison = get_object_or_404(self.get_queryset().select_for_update(), pk=pk)
            clear_vote(comparison=comparison)
        return Response(comparison_row(comparison))

    @extend_schema(
        request=serializers.ModelChoice,
        responses=serializers.ComparisonOutput,
        examples=examples.ANALYZE,
        tags=["compare"],
    )
    @action(detail=True, methods=["post"])
    def analyze(self, request: Request, pk: UUID) -> Response:
        """Let a model judge the answers.

        Asks a model of your choice to compare the answers. It sees them without names and in random order. What it
        writes is kept in `analysis`; it casts no vote.
        """
        choice = valid(serializers.ModelChoice, request.data)
        comparison = get_object_or_404(self.get_queryset(), pk=pk)
        with Slot():
            analyze(comparison=comparison, access=access_of(request), **choice)
        return Response(comparison_row(comparison))


def _kept(earlier: RepeatableRequest) -> Comparison:
    """Read the answer to an earlier attempt; raises AnswerDeleted."""
    assert earlier.comparison_id is not None  # noqa: S101 - else the attempt had been refused
    found = queries.comparisons(earlier.user_id).filter(pk=earlier.comparison_id).first()
    if found is None:  # deleted since the key was looked up
        raise AnswerDeleted
    return found


def _asked(request: Request) -> tuple[dict[str, Any], str | None]:
    """Read the body into the arguments of `begin`, and what becomes of the answers if their reader leaves."""
    data = valid(serializers.CompareInput, request.data)
    data["models"] = [(choice["provider"], choice["model"]) for choice in data["models"]]
    on_disconnect, access = data.pop("on_disconnect", None), access_of(request)
    files = attached(access.user_id, data.pop("attachments", ()))
    return {"access": access, **data, "system": data["system"] or "", "attachments": files}, on_disconnect
