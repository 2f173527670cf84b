"""Following an answer that runs or has just ended, and stopping it, over HTTP."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from redis import RedisError
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations.chat.examples import FOLLOWED as CHAT
from conversations.comparisons.examples import FOLLOWED as COMPARE
from conversations.completions.concurrency import Slot
from conversations.completions.sse import EVENT, EventStreamResponse
from conversations.completions.streams import registry, shared
from conversations.completions.streams.answer import RunningAnswer
from conversations.completions.streams.examples import STOPPED
from conversations.completions.streams.shared import SharedAnswer
from conversations.models import Comparison, Conversation
from models_registry.api.requests import current_user

LAST_EVENT_ID = "Last-Event-ID"
STOPPING = 2.0  # seconds in which what has arrived is usually stored
LARGEST = 10**18 - 1
NUMBER = {"type": "integer", "minimum": 0, "maximum": LARGEST}
PARAMETERS = [
    OpenApiParameter(
        LAST_EVENT_ID,
        NUMBER,
        OpenApiParameter.HEADER,
        description="The `id` of the last event that was read; without it the stream is read from its beginning.",
    ),
    OpenApiParameter("last_event_id", NUMBER, description="The same, where no header can be sent."),
]


class StreamNotFound(NotFound):
    """There is no such stream of the user in reach of this process."""

    default_code = "stream_not_found"
    default_detail = "There is no such stream; if it has ended, its answer is kept where its `start` event said."


class Stopped(serializers.Serializer[Any]):
    """Whether an answer has ended."""

    stream_id = serializers.UUIDField()
    ended = serializers.BooleanField(help_text="What had arrived is stored; if false, it soon will be.")


class _StreamView(APIView):
    kind = ""

    def answer(self, request: Request, pk: UUID) -> RunningAnswer | SharedAnswer:
        """Return the user's answer, of this process or another one. Raises StreamNotFound."""
        whose: Any = {"kind": self.kind, "user_id": current_user(request).pk}
        found = registry.find(pk, **whose) or shared.find(pk, **whose)
        if found is None:
            raise StreamNotFound
        return found


class _EventsView(_StreamView):
    def follow(self, request: Request, pk: UUID) -> EventStreamResponse:
        """Stream the events. Raises StreamNotFound, EventsGone, TooManyReaders, ServerBusy and ValidationError."""
        after, answer = _last_event_id(request), self.answer(request, pk)
        if not _is_there(answer.user_id, answer.place):  # what was deleted is not shown again
            raise StreamNotFound
        slot = Slot()
        try:
            answer.join()
        except BaseException:
            slot.release()
            raise

        def ended() -> None:
            try:
                answer.leave()
            finally:
                slot.release()

        try:
            return EventStreamResponse(answer.follow(after), ended=ended)
        except BaseException:
            ended()
            raise


class _StopView(_StreamView):
    def stop(self, request: Request, pk: UUID) -> Response:
        """Stop the answer and say so. Raises StreamNotFound."""
        answer = self.answer(request, pk)
        try:
            answer.stop()
            ended = answer.wait_for_end(STOPPING)
        except RedisError as error:
            raise StreamNotFound from error
        return Response({"stream_id": answer.id, "ended": ended})


class ChatEventsView(_EventsView):
    """GET /chat/streams/{id}."""

    kind = "chat"

    @extend_schema(responses={(200, "text/event-stream"): EVENT}, parameters=PARAMETERS, examples=CHAT, tags=["chat"])
    def get(self, request: Request, pk: UUID) -> EventStreamResponse:
        """Go on reading an answer.

        Gives the events of `POST /chat/stream` after the one that `Last-Event-ID` names, and those to come, to any
        number of readers, until some minutes after the end. `start` of a stream and `running` of a conversation have
        the address.
        """
        return self.follow(request, pk)


class ChatStopView(_StopView):
    """POST /chat/streams/{id}/stop."""

    kind = "chat"

    @extend_schema(request=None, responses=Stopped, examples=STOPPED, tags=["chat"])
    def post(self, request: Request, pk: UUID) -> Response:
        """Stop an answer.

        Stops the model, whoever reads the answer; what had arrived is kept as `interrupted`. Of an answer that has
        ended nothing changes.
        """
        return self.stop(request, pk)


class CompareEventsView(_EventsView):
    """GET /compare/streams/{id}."""

    kind = "compare"

    @extend_schema(
        responses={(200, "text/event-stream"): EVENT}, parameters=PARAMETERS, examples=COMPARE, tags=["compare"]
    )
    def get(self, request: Request, pk: UUID) -> EventStreamResponse:
        """Go on reading a comparison.

        Gives the events of `POST /compare/stream` after the one that `Last-Event-ID` names, and those to come, to any
        number of readers, until some minutes after the end.
        """
        return self.follow(request, pk)


class CompareStopView(_StopView):
    """POST /compare/streams/{id}/stop."""

    kind = "compare"

    @extend_schema(request=None, responses=Stopped, examples=STOPPED, tags=["compare"])
    def post(self, request: Request, pk: UUID) -> Response:
        """Stop a comparison.

        Stops the models that still write, whoever reads them; what had arrived is kept. Of a comparison that has ended
        nothing changes.
        """
        return self.stop(request, pk)


def _is_there(user_id: int, place: dict[str, Any]) -> bool:
    if "comparison_id" in place:
        return Comparison.objects.for_user(user_id).filter(pk=place["comparison_id"]).exists()
    return Conversation.objects.for_user(user_id).filter(pk=place["conversation_id"]).exists()


def _last_event_id(request: Request) -> int:
    """Read the number of the last event that the client has; 0 for none. Raises ValidationError."""
    given = request.headers.get(LAST_EVENT_ID, request.query_params.get("last_event_id", "0"))
    if not (given.isascii() and given.isdecimal() and len(given) <= len(str(LARGEST))):
        raise ValidationError({"last_event_id": "Must be the `id` of an event, a whole number."})
    return int(given)
