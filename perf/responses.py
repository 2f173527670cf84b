"""Cached JSON responses: stored as finished bytes, plain and compressed, each with its ETag."""

import gzip
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from perf.cache import Namespace

COMPRESSED_FROM = 1000  # bytes
PRIVATE = "private, no-cache"
PUBLIC = "public, no-cache"

_ETAG = re.compile(r'"([^"]*)"')


def canonical(parameters: Mapping[str, str], known: Iterable[str], defaults: Mapping[str, str] | None = None) -> str:
    """Write the parameters that matter in one order, without those that say what holds anyway."""
    given = [(name, parameters[name]) for name in sorted(known) if name in parameters]
    return repr([(name, value) for name, value in given if (defaults or {}).get(name) != value])


def cached_response(
    request: Request, namespace: Namespace, *, owner: object, query: str, load: Callable[[], Any], policy: str = PRIVATE
) -> HttpResponseBase:
    """Answer with the cached JSON of `load()`, or 304 when the client has it; pages are rendered each time."""
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is not None and renderer.media_type == "text/html":
        return Response(load())
    stored, hit = namespace.fetch(owner, query, lambda: _stored(load()))
    plain, compressed, digest = stored
    zipped = compressed is not None and _accepts_gzip(request)
    etag = f"{digest}-gzip" if zipped else digest
    response: HttpResponseBase
    if _has(request, digest):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(compressed if zipped else plain, content_type="application/json")
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = f'"{etag}"'
    response.headers["Cache-Control"] = policy
    response.headers["X-Cache"] = "hit" if hit else "miss"
    private = ("Authorization", "Cookie") if policy == PRIVATE else ()
    patch_vary_headers(response, ("Accept", "Accept-Encoding", *private))
    return response


def _stored(data: Any) -> list[Any]:
    """Render data once: plain, compressed where that saves something, and the digest of both."""
    plain = JSONRenderer().render(data)
    compressed = gzip.compress(plain, compresslevel=6, mtime=0) if len(plain) > COMPRESSED_FROM else None
    return [plain, compressed, hashlib.blake2b(plain, digest_size=12).hexdigest()]


def _accepts_gzip(request: Request) -> bool:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "").lower()
    return "gzip" in accepted and not re.search(r"gzip\s*;\s*q=0(?:\.0*)?(?:,|\s|$)", accepted)


def _has(request: Request, digest: str) -> bool:
    """Compare `If-None-Match` weakly: either form of the body will do."""
    wanted = request.META.get("HTTP_IF_NONE_MATCH", "")
    return wanted.strip() == "*" or any(tag.removesuffix("-gzip") == digest for tag in _ETAG.findall(wanted))
