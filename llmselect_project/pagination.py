"""Keyset pagination: pages that stay right while rows come and go, each one index scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

if TYPE_CHECKING:
    from rest_framework.views import APIView

FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two rows, and which way to read from it in the list's own order."""

    direction: Literal["next", "previous"]
    value: datetime
    id: UUID


class KeysetPagination(CursorPagination):
    """Pages on (time column, id), both in one direction.

    A view says `orderings`: the values `?ordering=` may take, the first one the default. The parent pages by offset
    among equal times, repeats rows past its offset limit and turns a mangled cursor into a 500. A cursor is signed
    for its user, path, filters and ordering; any other use is a ValidationError of `cursor`.
    """

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering_query_param = "ordering"

    def paginate_queryset(  # type: ignore[override]  # a sequence has no keys to page by
        self, queryset: QuerySet[Any], request: Request, view: "APIView | None" = None
    ) -> list[Any]:
        """Return the rows of one page; raises ValidationError for a bad page_size, ordering or cursor."""
        self.request = request
        self.size = self._page_size(request)
        ordering = self._ordering(request, view)
        self.descending, self.column = ordering.startswith("-"), ordering.lstrip("-")
        self.scope = self._scope(request, view, ordering)
        self.position = self._read_cursor(request)
        backwards = self.position is not None and self.position.direction == "previous"
        rows = list(self._after_cursor(queryset, backwards)[: self.size + 1])
        more = len(rows) > self.size
        page = rows[: self.size]
        if backwards:
            page.reverse()
        self.page: list[Any] = page
        self.has_next = more or backwards
        self.has_previous = more if backwards else self.position is not None
        return page

    def get_paginated_response(self, data: Any) -> Response:
        """Wrap a serialized page: `{next, previous, results}`, the links path-absolute."""
        return Response({"next": self.get_next_link(), "previous": self.get_previous_link(), "results": data})

    def get_next_link(self) -> str | None:
        """Return the link to the page after this one, or None."""
        if not self.has_next:
            return None
        return self._link("next", *self._edge(-1, LAST_ID if self.descending else FIRST_ID))

    def get_previous_link(self) -> str | None:
        """Return the link to the page before this one, or None."""
        if not self.has_previous:
            return None
        return self._link("previous", *self._edge(0, FIRST_ID if self.descending else LAST_ID))

    def link_after(self, row: Any, request: Request, *, path: str, ordering: str) -> str:
        """Return the link to the page of another list, at `path`, that begins after `row`."""
        self.request, self.column = request, ordering.lstrip("-")
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
            direction, value, row_id = signing.Signer(salt=self.scope).unsign_object(raw)
            return Position(direction, datetime.fromisoformat(value), UUID(row_id))
        except Exception as error:  # a signature is checked first, but base64 and JSON raise much else on nonsense
            raise ValidationError({"cursor": "Not a cursor of this list."}) from error

    def _sign(self, direction: str, value: datetime, row_id: UUID) -> str:
        return signing.Signer(salt=self.scope).sign_object([direction, value.isoformat(), str(row_id)])

    def _after_cursor(self, queryset: QuerySet[Any], backwards: bool) -> QuerySet[Any]:
        descending = self.descending != backwards
        sign = "-" if descending else ""
        queryset = queryset.order_by(f"{sign}{self.column}", f"{sign}id")
        if self.position is None:
            return queryset
        side = "lt" if descending else "gt"
        # The first condition alone bounds the index scan; the second only drops ties already seen.
        return queryset.filter(
            Q(**{f"{self.column}__{side}e": self.position.value}),
            Q(**{f"{self.column}__{side}": self.position.value}) | Q(**{f"id__{side}": self.position.id}),
        )

    def _edge(self, index: int, past: UUID) -> tuple[datetime, UUID]:
        """Return the key of the page's first or last row; of an empty page, the cursor's, moved to include its row."""
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
    """Return what a cursor is signed for: the same position elsewhere is another list's position."""
    return f"keyset|{request.user.pk}|{path}|{ordering}|{sorted(filters.items())}"
