"""Cached JSON responses: stored as finished bytes, plain and compressed, each with its ETag."""

import gzip
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from perf.caching.generations import Found, Place
from perf.caching.namespace import Namespace, look_up
from perf.db.concurrency import ConcurrencyLimit

COMPRESSED_FROM = 1000  # bytes
PRIVATE = "private, no-cache"
PUBLIC = "public, no-cache"

# Short, for what is cached is found by an index, and somebody may still wait for a lock.
load_limit = ConcurrencyLimit(2, max_wait=0.25)

Cached = tuple[Namespace, str]  # a namespace, and the query in it

_ETAG = re.compile(r'"([^"]*)"')


def canonical(parameters: Mapping[str, str], known: Iterable[str], defaults: Mapping[str, str] | None = None) -> str:
    """Write the parameters that matter in one order, without those that say what holds anyway."""
    given = [(name, parameters[name]) for name in sorted(known) if name in parameters]
    return repr([(name, value) for name, value in given if (defaults or {}).get(name) != value])


class CachedView(ABC):
    """A mixin of views whose answers are cached: it declares which of them a request asks for.

    Authentication reads that declaration, to look up the user and the answer in one round trip, and leaves what it
    found in `looked_up`.
    """

    looked_up: Mapping[Place, Found] = MappingProxyType({})

    @abstractmethod
    def cached(self, request: Request) -> Cached | None:
        """Return the namespace and the query of the answer; None when this request's answer is not cached."""

    def look_up_with(self, other: Place, request: Request, *, owner: object) -> Mapping[Place, Found]:
        """Look up another place together with the answer for `owner`."""
        declared = self.cached(request)
        answer = [] if declared is None else [declared[0].place(owner, declared[1])]
        self.looked_up = look_up([other, *answer])
        return self.looked_up

    def cached_response(self, request: Request, *, owner: object, load: Callable[[], Any]) -> HttpResponseBase:
        """Answer with the cached JSON of `load()` for `owner`, as `cached_response` does."""
        return cached_response(request, self.cached(request), owner=owner, load=load, looked_up=self.looked_up)


def cached_response(
    request: Request,
    cached: Cached | None,
    *,
    owner: object,
    load: Callable[[], Any],
    policy: str = PRIVATE,
    looked_up: Mapping[Place, Found] = MappingProxyType({}),
) -> HttpResponseBase:
    """Answer with the cached JSON of `load()`, or 304 when the client has it.

    Pages are rendered each time, and so is what `cached` says is not cached. `looked_up` is what was found already.
    """
    renderer = getattr(request, "accepted_renderer", None)
    if cached is None or (renderer is not None and renderer.media_type == "text/html"):
        return Response(load())
    namespace, query = cached
    accepts_gzip = _accepts_gzip(request)
    # Others may want it compressed, where it is kept for them.
    compress = accepts_gzip or bool(namespace.ttl)
    place = namespace.place(owner, query)
    stored, hit = namespace.fetch(place, lambda: _stored(load, compress=compress), looked_up)
    plain, compressed, digest = stored
    zipped = compressed is not None and accepts_gzip
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
    response.headers["Vary"] = "Accept, Accept-Encoding" + (", Authorization, Cookie" if policy == PRIVATE else "")
    return response


def _stored(load: Callable[[], Any], *, compress: bool) -> list[Any]:
    """Load and render once: plain, compressed where that is wanted and saves something, and the digest of both."""
    with load_limit.acquire():
        plain = JSONRenderer().render(load())
    worth = compress and len(plain) > COMPRESSED_FROM
    compressed = gzip.compress(plain, compresslevel=6, mtime=0) if worth else None
    return [plain, compressed, hashlib.blake2b(plain, digest_size=12).hexdigest()]


def _accepts_gzip(request: Request) -> bool:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "").lower()
    return "gzip" in accepted and not re.search(r"gzip\s*;\s*q=0(?:\.0*)?(?:,|\s|$)", accepted)


def _has(request: Request, digest: str) -> bool:
    """Compare `If-None-Match` weakly: either form of the body will do."""
    wanted = request.META.get("HTTP_IF_NONE_MATCH", "")
    return wanted.strip() == "*" or any(tag.removesuffix("-gzip") == digest for tag in _ETAG.findall(wanted))
