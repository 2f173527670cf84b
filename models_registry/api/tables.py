"""Tables as CSV, which people open in spreadsheets."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

CSV = "text/csv"
_FORMULA = re.compile(r"[=+\-@\t\r]")  # what a spreadsheet takes for one


def accepts_csv(request: Request) -> bool:
    """Tell whether a request asks for a table."""
    accepted = request.headers.get("Accept", "").lower().split(",")
    return any(each.partition(";")[0].strip() == CSV for each in accepted)


def csv_response(columns: Sequence[str], rows: Iterable[dict[str, Any]], *, name: str) -> HttpResponse:
    """Write rows as a table, whose texts no spreadsheet takes for formulas."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(columns)
    table.writerows([_cell(row[column]) for column in columns] for row in rows)
    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return HttpResponse(written.getvalue(), content_type=f"{CSV}; charset=utf-8", headers=disposition)


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value
