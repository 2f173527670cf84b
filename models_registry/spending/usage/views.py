"""Usage over HTTP, as JSON or CSV."""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from models_registry.api.requests import current_user
from models_registry.api.tables import CSV, accepts_csv, csv_response
from models_registry.spending.usage import examples
from models_registry.spending.usage.reports import COLUMNS, report
from models_registry.spending.usage.serializers import NAMES, UsageQuery, UsageReport, UsageSums, sums_row, usage_row
from perf.api.base import UncachedView
from perf.api.validation import valid_query


class UsageView(UncachedView):
    """GET /usage."""

    @extend_schema(
        parameters=[UsageQuery],
        responses={(200, "application/json"): UsageReport, (200, CSV): OpenApiTypes.STR},
        examples=examples.USAGE,
        tags=["usage"],
    )
    def get(self, request: Request) -> Response | HttpResponse:
        """Show what was used, and what it cost.

        Sums up every call of a model, also those that failed or were not kept: by day, month, provider, model, token or
        endpoint, of the last 30 days or from `from` to `to`. What is deleted stays counted. Staff see the usage of all
        users, or of the one that `user` names, and can group by `user`.

        With `format=csv` or `Accept: text/csv` the groups are a table.
        """
        query = valid_query(UsageQuery, request.query_params)
        first, last, group_by = query["from"], query["to"], query["group_by"]
        found = report(first=first, last=last, group_by=group_by, user_id=_whose(request, query))
        rows = [usage_row(*group) for group in found.groups]
        if query.get("format", "csv" if accepts_csv(request) else "json") == "csv":
            names = [NAMES.get(name, name) for name in (("month",) if group_by == "month" else COLUMNS[group_by])]
            names = ["user"] if group_by == "user" else names
            return csv_response([*names, *UsageSums().get_fields()], rows, name=f"usage-{first}-{last}")
        body = {"from": first, "to": last, "group_by": group_by, "total": sums_row(found.total), "results": rows}
        return Response(body)


def _whose(request: Request, query: dict[str, Any]) -> int | None:
    """Return the id of the user whose usage is asked for; None for that of all users. Raises what is not allowed."""
    user, name = current_user(request), query.get("user")
    if name == user.get_username():
        return user.pk
    if not user.is_staff:
        if name is not None or query["group_by"] == "user":
            raise PermissionDenied("Only staff see the usage of others.")
        return user.pk
    if name is None:
        return None
    found = User.objects.filter(username=name).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError({"user": "There is no user with this name."})
    return found
