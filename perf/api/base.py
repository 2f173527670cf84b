"""Base classes of views whose responses must not be cached."""

from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView


class UncachedView(APIView):
    """A view whose answers must not be kept by anybody."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add `Cache-Control: no-store`."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response


class PublicView(UncachedView):
    """A view that reads no credentials, so that an expired token cannot block it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
