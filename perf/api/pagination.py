"""Keyset pagination: each page is one index scan, and stays correct while rows are added and deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from django.core import signing
from django.db.models import DateTimeField, Model, Q, QuerySet, UUIDField
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from perf.db.compiled import Parameter

if TYPE_CHECKING:
    from rest_framework.views import APIView

Direction = Literal["next", "previous"]
PositionKind = tuple[Direction, bool]

FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Position:
    """A position between two rows, and the direction to read from it, in the list's own order.

    Backwards, rows newer than `until` are left out: a row that moved to the top was read already.
    """

    direction: Direction
    value: datetime
    id: UUID
    until: datetime | None = None

    @property
    def kind(self) -> PositionKind:
        """The direction, and whether `until` leaves rows out."""
        return self.direction, self.until is not None

    @property
    def values(self) -> dict[str, Any]:
        """The values by their names in `AnyPosition`."""
        return {"value": self.value, "id": self.id, "until": self.until}


class AnyPosition:
    """Stands for all positions of one kind, in a query that is compiled once and runs with `Position.values`."""

    value, id = Parameter("value", DateTimeField()), Parameter("id", UUIDField())

    def __init__(self, kind: PositionKind) -> None:
        self.direction, bounded = kind
        self.until = Parameter("until", DateTimeField()) if bounded else None


class KeysetPagination(CursorPagination):
    """Pages by (time column, id), both in one direction.

    A view declares `orderings`, the allowed values of `?ordering=`, the first of which is the default; and `moving`,
    those by a time that changes to now. Its parent pages by offset among equal times, repeats rows past its limit
    and answers a malformed cursor with 500. A cursor is signed for its user, path, filters and ordering; any other use
    raises a ValidationError of `cursor`.

    A walk in either direction reads a row exactly once if its time does not change. A forward walk misses a row that
    moves to the top. A backward walk shows nothing newer than the page at which it turned around, so it reads no row
    twice.
    """

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering_query_param = "ordering"

    def paginate_queryset(  # type: ignore[override]  # a sequence has no keys to page by
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None" = None
    ) -> list[Any]:
        """Return the rows of one page; raises ValidationError for a bad page_size, ordering or cursor."""
        self.begin(request, view)
        return self.finish(list(self.ordered(queryset)[: self.size + 1]))

    def begin(self, request: Request, view: "APIView | None" = None) -> None:
        """Read the parameters of a request; raises ValidationError for a bad page_size, ordering or cursor."""
        self.request = request
        self.size = self._page_size(request)
        self.order = self._ordering(request, view)
        self.column = self.order.lstrip("-")
        self.scope = self._scope(request, view, self.order)
        self.position = self._read_cursor(request)
        self.backwards = self.position is not None and self.position.direction == "previous"
        # Read before the rows, so that a row that moves up later counts as newer.
        self.end = self._end(view)

    def ordered(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows beyond the cursor, the nearest first; `size` + 1 of them show whether there are more."""
        return self.beyond(queryset, ordering=self.order, position=self.position)

    def until(self, queryset: QuerySet[Any], value: datetime) -> QuerySet[Any]:
        """Return the rows that are not farther from the cursor than a row with this value of the column."""
        falling = self.order.startswith("-") != self.backwards
        return queryset.filter(**{f"{self.column}__{'gte' if falling else 'lte'}": value})

    def finish(self, rows: list[Any]) -> list[Any]:
        """Return the page out of up to `size` + 1 rows of `ordered`, in the list's own order."""
        more = len(rows) > self.size
        page = rows[: self.size]
        if self.backwards:
            page.reverse()
        self.page: list[Any] = page
        self.has_next = more or self.backwards
        self.has_previous = more if self.backwards else self.position is not None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap a serialized page: `{next, previous, results}`, the links path-absolute."""
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page as OpenAPI does; the links hold no host, unlike the parent's."""
        described: dict[str, Any] = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            described["properties"][name].update(format="uri-reference", example="/api/v1/…?cursor=WyJu")
        return described

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe the parameters as OpenAPI does, with the limits of `page_size`."""
        described: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in described:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"].update(minimum=1, maximum=self.max_page_size, default=self.page_size)
            else:
                parameter["schema"]["minLength"] = 1
        return described

    def get_next_link(self) -> str | None:
        """Return the link to the page after this one, or None."""
        if not self.has_next:
            return None
        return self._link("next", *self._edge(-1, LAST_ID if self.order.startswith("-") else FIRST_ID))

    def get_previous_link(self) -> str | None:
        """Return the link to the page before this one, or None."""
        if not self.has_previous:
            return None
        return self._link("previous", *self._edge(0, FIRST_ID if self.order.startswith("-") else LAST_ID))

    @staticmethod
    def position_at(direction: Direction, row: Any, *, ordering: str, moving: bool = False) -> Position:
        """Return the position after `row`, or before it; `moving` as the view declares it."""
        return Position(direction, *_key(row, ordering.lstrip("-")), timezone.now() if moving else None)

    @staticmethod
    def beyond(queryset: QuerySet[Any], *, ordering: str, position: Position | AnyPosition | None) -> QuerySet[Any]:
        """Return the rows beyond `position`, the nearest first; all rows if it is None."""
        backwards = position is not None and position.direction == "previous"
        column, descending = ordering.lstrip("-"), ordering.startswith("-") != backwards
        sign, side = ("-", "lt") if descending else ("", "gt")
        queryset = queryset.order_by(f"{sign}{column}", f"{sign}id")
        if position is not None:
            # The first condition bounds the index scan; the second drops ties that were read already.
            queryset = queryset.filter(
                Q(**{f"{column}__{side}e": position.value}),
                Q(**{f"{column}__{side}": position.value}) | Q(**{f"id__{side}": position.id}),
            )
            if position.until is not None:
                queryset = queryset.filter(**{f"{column}__lte": position.until})
        return queryset

    def link_after(self, row: Any, request: Request, *, path: str, ordering: str) -> str:
        """Return the link to the page of another list, at `path`, that begins after `row`."""
        self.request, self.column, self.end = request, ordering.lstrip("-"), None
        self.scope = _scope_of(request, path, ordering, {})
        return replace_query_param(path, self.cursor_query_param, self._sign("next", *_key(row, self.column)))

    def _page_size(self, request: Request) -> int:
        raw = request.query_params.get(self.page_size_query_param, str(self.page_size))
        if not (raw.isascii() and raw.isdecimal() and len(raw) < 6 and 1 <= int(raw) <= self.max_page_size):
            raise ValidationError({"page_size": f"Must be a whole number from 1 to {self.max_page_size}."})
        return int(raw)

    def _ordering(self, request: Request, view: "APIView | None") -> str:
        allowed: Sequence[str] = view.orderings  # type: ignore[union-attr]  # every paged view declares it
        wanted = request.query_params.get(self.ordering_query_param, allowed[0]) if len(allowed) > 1 else allowed[0]
        if wanted not in allowed:
            raise ValidationError({"ordering": f"Must be one of {', '.join(allowed)}."})
        return wanted

    def _scope(self, request: Request, view: "APIView | None", ordering: str) -> str:
        return _scope_of(request, request.path, ordering, getattr(view, "filters", {}))

    def _read_cursor(self, request: Request) -> Position | None:
        raw = request.query_params.get(self.cursor_query_param)
        if raw is None:
            return None
        try:
            direction, value, row_id, until = signing.Signer(salt=self.scope).unsign_object(raw)
            bound = datetime.fromisoformat(until) if until else None
            return Position(direction, datetime.fromisoformat(value), UUID(row_id), bound)
        except Exception as error:  # base64 and JSON raise many errors on malformed input
            raise ValidationError({"cursor": "Not a cursor of this list."}) from error

    def _end(self, view: "APIView | None") -> datetime | None:
        """Return `until` for a backward walk from this page; a walk under way keeps its own."""
        if self.order not in getattr(view, "moving", ()):
            return None
        return (self.position and self.position.until) or timezone.now()

    def _sign(self, direction: str, value: datetime, row_id: UUID) -> str:
        until = self.end.isoformat() if direction == "previous" and self.end else None
        return signing.Signer(salt=self.scope).sign_object([direction, value.isoformat(), str(row_id), until])

    def _edge(self, index: int, past: UUID) -> tuple[datetime, UUID]:
        """Return the key of the page's first or last row; for an empty page, the cursor's key with the id `past`."""
        if self.page:
            return _key(self.page[index], self.column)
        assert self.position is not None  # noqa: S101  # an empty first page has no links
        return self.position.value, past

    def _link(self, direction: str, value: datetime, row_id: UUID) -> str:
        url = self.request.get_full_path()
        return replace_query_param(url, self.cursor_query_param, self._sign(direction, value, row_id))


def _key(row: Model | dict[str, Any], column: str) -> tuple[datetime, UUID]:
    return (row[column], row["id"]) if isinstance(row, dict) else (getattr(row, column), row.pk)


def _scope_of(request: Request, path: str, ordering: str, filters: dict[str, Any]) -> str:
    """Return the salt of a cursor's signature, which makes the cursor invalid for any other list."""
    return f"keyset|{request.user.pk}|{path}|{ordering}|{sorted(filters.items())}"
