"""GET /v1/models: the models that a user can call, in the shape of the client's protocol."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.gateway import examples
from conversations.gateway.errors import protocol_of
from conversations.gateway.shapes import LIST, LISTED
from conversations.gateway.views import GatewayView
from conversations.selection.service import AUTO_NAME
from models_registry.catalogue.names import Listed, listed_name, listed_names
from perf.api.access import access_of

CHOSEN = Listed(AUTO_NAME, "Chosen by your votes", "llmselect", 0)


class ModelsView(GatewayView):
    """GET /v1/models."""

    @extend_schema(operation_id="v1_models_list", responses={200: LIST}, examples=examples.MODELS, tags=["gateway"])
    def get(self, request: Request) -> Response:
        """List the models that you can call.

        In OpenAI's shape, or in Anthropic's where the request has an `anthropic-version`: `llmselect/auto`, which is
        chosen by your votes, the aliases, then `provider/model` of each available model for which there is a key.
        """
        listed = listed_names(access_of(request))
        items = [_item(request, each) for each in ([CHOSEN, *listed] if listed else [])]
        if protocol_of(request.path_info, request.META) == "openai":
            return Response({"object": "list", "data": items})
        ends = {"first_id": items[0]["id"] if items else None, "last_id": items[-1]["id"] if items else None}
        return Response({"data": items, "has_more": False, **ends})


class ModelView(GatewayView):
    """GET /v1/models/{id}."""

    @extend_schema(responses={200: LISTED}, examples=examples.MODEL_SHOWN, tags=["gateway"])
    def get(self, request: Request, name: str) -> Response:
        """Show a model by a name.

        The name is whatever a request may name: `provider/model`, the id of a model that one provider has, or an alias.
        """
        found = CHOSEN if name == AUTO_NAME else listed_name(name, access_of(request))
        return Response(_item(request, found))


def _item(request: Request, model: Listed) -> dict[str, Any]:
    if protocol_of(request.path_info, request.META) == "openai":
        return {"id": model.id, "object": "model", "created": model.created_at, "owned_by": model.owner}
    created_at = datetime.fromtimestamp(model.created_at, UTC).isoformat()
    lifecycle = "deprecated" if model.deprecated else "active"
    names = {"type": "model", "id": model.id, "display_name": model.title}
    return {**names, "created_at": created_at, "lifecycle": lifecycle}
