"""GET /api/schema: the OpenAPI schema, built once, because it does not change while the server runs."""

import threading
from functools import cache

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

RENDERERS: dict[str, type[BaseRenderer]] = {str(each.media_type): each for each in SpectacularAPIView.renderer_classes}

_build_lock = threading.Lock()  # drf-spectacular's first build is not thread-safe


class SchemaView(SpectacularAPIView):
    """drf-spectacular's view without building the schema for each request."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Return the schema in the negotiated format."""
        media_type = str(request.accepted_renderer.media_type)
        response = HttpResponse(schema_bytes(media_type), content_type=f"{media_type}; charset=utf-8")
        response.headers["Content-Disposition"] = f'inline; filename="LLMSelect.{RENDERERS[media_type].format}"'
        return response


def schema_bytes(media_type: str) -> bytes:
    """Return the schema in one of its formats. Raises KeyError for an unknown media type."""
    with _build_lock:
        return _build(media_type)


def load() -> None:
    """Build the schema, and with it the routes, before the first request."""
    schema_bytes(next(iter(RENDERERS)))


@cache
def _build(media_type: str) -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    text = RENDERERS[media_type]().render(schema, renderer_context={})
    return text.encode() if isinstance(text, str) else bytes(text)
