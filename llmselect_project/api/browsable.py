"""The browsable API: what a browser sees at the addresses of the API."""

import re
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from drf_spectacular.plumbing import get_doc
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request

_CODE = re.compile(r"`([^`]+)`")


class BrowsableAPI(BrowsableAPIRenderer):
    """Says of each method what it is for, also to whoever may not use it yet, as /api/docs does."""

    def get_breadcrumbs(self, request: Request) -> list[tuple[str, str]]:
        """Name the index once: it stands at two addresses, with a slash and without."""
        crumbs: list[tuple[str, str]] = super().get_breadcrumbs(request)
        addresses = {address for _, address in crumbs}
        return [(name, address) for name, address in crumbs if f"{address}/" not in addresses]

    def get_description(self, view: Any, status_code: int) -> str:  # noqa: ARG002
        """Write the docstrings of the view's methods as HTML."""
        handlers = ((method, _handler(view, method)) for method in view.allowed_methods if method != "OPTIONS")
        return mark_safe("".join(_described(method, get_doc(each)) for method, each in handlers if each))  # noqa: S308


def _handler(view: Any, method: str) -> Any:
    """Return the function that documents a method: of a viewset its action; None for a HEAD that is GET's."""
    name = method.lower()
    actions = getattr(view, "action_map", None) or {}
    return None if name == "head" else getattr(view, actions.get(name, name), None)


def _described(method: str, documentation: str) -> SafeString:
    """Write a docstring as paragraphs, the first line of them in bold; text between backticks is code."""
    summary, _, rest = documentation.partition("\n")
    paragraphs = "".join(f"<p>{_inline(each)}</p>" for each in rest.strip().split("\n\n") if each)
    return mark_safe(f"<p><b>{method}: {_inline(summary)}</b></p>{paragraphs}")  # noqa: S308 - all of it is escaped


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", str(escape(text)))
