"""Sets of prompts and replays over HTTP; those of others are not found."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from conversations.comparisons.replays import examples, serializers, service
from conversations.comparisons.replays.results import TABLE, answer_rows, table
from conversations.comparisons.replays.serializers import replay_row, set_row, summary_row
from conversations.models import PromptSet, Replay
from models_registry.api.requests import current_user
from models_registry.api.tables import CSV, accepts_csv, csv_response
from perf.api.access import access_of
from perf.api.base import UncachedView
from perf.api.validation import valid

LIMIT = 100  # prompts of a replay that names no limit


class PromptSetViewSet(UncachedView, GenericViewSet[PromptSet]):
    """One's own sets of prompts."""

    queryset = PromptSet.objects.none()
    serializer_class = serializers.PromptSetSummary
    orderings = ("-created_at",)
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[PromptSet]:
        """Return the user's sets."""
        return service.sets_of(current_user(self.request).pk)

    @extend_schema(examples=examples.SETS, tags=["compare"])
    def list(self, request: Request) -> Response:  # noqa: ARG002
        """List your sets of prompts.

        Newest first, without the prompts themselves; one alone has them.
        """
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([set_row(record, with_prompts=False) for record in page])

    @extend_schema(
        request=serializers.PromptSetInput,
        responses={201: serializers.PromptSetOutput},
        examples=examples.MAKE_SET,
        tags=["compare"],
    )
    def create(self, request: Request) -> Response:
        """Save a set of prompts.

        Of prompts that you give, of a file that you uploaded (MT-bench's `question.jsonl`, or a JSON list of such
        objects), of questions of your chats, or of whole conversations; several of these at once make one set. Have
        models answer it by `POST /api/v1/replays`.
        """
        data, owner = valid(serializers.PromptSetInput, request.data), current_user(request).pk
        name = data.pop("name")
        if service.sets_of(owner).count() >= service.SETS:
            raise service.TooManySets
        prompts = service.gather(owner, **data)
        record = PromptSet.objects.create(user_id=owner, name=name, prompts=prompts, count=len(prompts))
        return Response(set_row(record, with_prompts=True), status=status.HTTP_201_CREATED)

    @extend_schema(responses=serializers.PromptSetOutput, examples=examples.SET, tags=["compare"])
    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Show a set of prompts.

        With all its prompts in their order, each with its category and its turns.
        """
        return Response(set_row(get_object_or_404(self.get_queryset().defer(None), pk=pk), with_prompts=True))

    @extend_schema(
        request=serializers.PromptSetChange,
        responses=serializers.PromptSetOutput,
        examples=examples.CHANGE_SET,
        tags=["compare"],
    )
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Change a set of prompts.

        Its name, or all its prompts. A replay that is under way finds a prompt by its `question_id`, and skips those
        that are gone.
        """
        data = valid(serializers.PromptSetChange, request.data)
        record = get_object_or_404(self.get_queryset().defer(None), pk=pk)
        record.name = data.get("name", record.name)
        if "prompts" in data:
            record.prompts = service.gather(record.user_id, prompts=data["prompts"])
            record.count = len(record.prompts)
        record.save(update_fields=["name", "prompts", "count", "updated_at"])
        return Response(set_row(record, with_prompts=True))

    @extend_schema(responses={204: None}, tags=["compare"])
    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Delete a set of prompts.

        What models answered to it stays, and so do your votes on the answers.
        """
        get_object_or_404(self.get_queryset(), pk=pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReplayViewSet(UncachedView, GenericViewSet[Replay]):
    """One's own replays."""

    queryset = Replay.objects.none()
    serializer_class = serializers.ReplaySummary
    orderings = ("-created_at",)
    lookup_value_converter = "uuid"
    conflicts = True  # with a replay that has not ended, or has

    @property
    def throttle_scope(self) -> str | None:
        """A replay calls models, as a chat does."""
        return "completion" if self.action == "create" else None

    def get_queryset(self) -> QuerySet[Replay]:
        """Return the user's replays."""
        return service.replays_of(current_user(self.request).pk)

    @extend_schema(examples=examples.REPLAYS, tags=["compare"])
    def list(self, request: Request) -> Response:  # noqa: ARG002
        """List your replays.

        Newest first, with how far each is; one alone says what came of it.
        """
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([summary_row(record) for record in page])

    @extend_schema(
        request=serializers.ReplayInput,
        responses={202: serializers.ReplayOutput},
        examples=examples.BEGIN,
        tags=["compare"],
    )
    def create(self, request: Request) -> Response:
        """Replay prompts with other models.

        Has one to four models answer prompts that you voted on before, all or those of a category, or a saved set of
        prompts, in the background. Each answer to a prompt of yours waits beside the winner of then for your vote, as a
        comparison like any other; a set is answered by all models side by side. `budget` bounds what all calls together
        cost, also if the server is killed meanwhile. Answers at once; follow the replay by its id.
        """
        data = valid(serializers.ReplayInput, request.data)
        record = service.begin(
            access=access_of(request),
            models=[(choice["provider"], choice["model"]) for choice in data["models"]],
            source=data["source"],
            limit=data.get("limit", LIMIT),
            budget=data.get("budget"),
            blind=data["blind"],
        )
        return Response(replay_row(record), status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=serializers.ReplayOutput, examples=examples.REPLAY, tags=["compare"])
    def retrieve(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Show a replay.

        How far it is, what it cost, which comparisons wait for your vote, and of each model whether it would have won:
        its win rate by your votes with a 95 % interval, and cost and time beside those of the winners of then.
        """
        return Response(replay_row(get_object_or_404(self.get_queryset().defer(None), pk=pk)))

    @extend_schema(responses={204: None}, tags=["compare"])
    def destroy(self, request: Request, pk: UUID) -> Response:  # noqa: ARG002
        """Delete a replay.

        One that has ended; its comparisons stay, and so do their votes.
        """
        service.remove(get_object_or_404(self.get_queryset(), pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=serializers.ReplayOutput, examples=examples.CANCELLED, tags=["compare"])
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID, **_: Any) -> Response:  # noqa: ARG002
        """Cancel a replay.

        It ends within seconds, in the middle of an answer. What was answered stays.
        """
        record = get_object_or_404(self.get_queryset().defer(None), pk=pk)
        service.cancel(record)
        return Response(replay_row(record))

    @extend_schema(
        responses={(200, "application/json"): serializers.ReplayTable, (200, CSV): OpenApiTypes.STR},
        examples=examples.TABLE,
        tags=["compare"],
    )
    @action(detail=True, methods=["get"])
    def table(self, request: Request, pk: UUID, **_: Any) -> HttpResponse | Response:
        """Show a replay as a table.

        Each prompt with its answers and their figures; with `Accept: text/csv` a row for each answer, with its text.
        What a blind comparison withholds is empty until you vote.
        """
        record = get_object_or_404(self.get_queryset(), pk=pk)
        if accepts_csv(request):
            return csv_response(TABLE, answer_rows(record.pk), name="replay")
        return Response({"results": table(record)})
