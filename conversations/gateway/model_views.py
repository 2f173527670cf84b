"""GET /v1/models: the models that a user can call, in the shape of the client's protocol."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.gateway.errors import protocol_of
from conversations.gateway.views import GatewayView
from models_registry.api.requests import current_user
from models_registry.catalogue.names import Listed, listed_name, listed_names


class ModelsView(GatewayView):
    """GET /v1/models."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """List the models that you can call, and the aliases."""
        items = [_item(request, each) for each in listed_names(current_user(request).pk)]
        if protocol_of(request.path_info, request.META) == "openai":
            return Response({"object": "list", "data": items})
        ends = {"first_id": items[0]["id"] if items else None, "last_id": items[-1]["id"] if items else None}
        return Response({"data": items, "has_more": False, **ends})


class ModelView(GatewayView):
    """GET /v1/models/{id}."""

    @extend_schema(exclude=True)
    def get(self, request: Request, name: str) -> Response:
        """Show a model by any of its names."""
        return Response(_item(request, listed_name(name, user_id=current_user(request).pk)))


def _item(request: Request, model: Listed) -> dict[str, Any]:
    if protocol_of(request.path_info, request.META) == "openai":
        return {"id": model.id, "object": "model", "created": model.created_at, "owned_by": model.owner}
    created_at = datetime.fromtimestamp(model.created_at, UTC).isoformat()
    lifecycle = "deprecated" if model.deprecated else "active"
    names = {"type": "model", "id": model.id, "display_name": model.title}
    return {**names, "created_at": created_at, "lifecycle": lifecycle}
