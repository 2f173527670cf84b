"""Cached JSON responses: stored as finished bytes, plain and compressed, each with its ETag."""

import gzip
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.http import HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from perf.api.rendering import encode
from perf.caching.generations import CacheKey, LookupResult
from perf.caching.namespace import Namespace, get_many
from perf.db.concurrency import ConcurrencyLimit

COMPRESSED_FROM = 1000  # bytes
PRIVATE = "private, no-cache"
PUBLIC = "public, no-cache"

# The wait is short: cached lists are served by an index, and a thread inside may wait for a database lock.
load_limit = ConcurrencyLimit(2, max_wait=0.25)

CachedQuery = tuple[Namespace, str]  # a namespace, and the query in it


class Reusable(NamedTuple):
    """What makes a response right: the versions of the cached entries, and until when its user may read it.

    `until` is a Unix time in seconds, None without a user.
    """

    versions: Mapping[CacheKey, str]
    until: float | None
    route: str
    user_id: int | None
    is_staff: bool


_ETAG = re.compile(r'"([^"]*)"')


def canonical(parameters: Mapping[str, str], known: Iterable[str], defaults: Mapping[str, str] | None = None) -> str:
    """Return the `known` parameters in one order, without those that have their default value."""
    given = [(name, parameters[name]) for name in sorted(known) if name in parameters]
    return repr([(name, value) for name, value in given if (defaults or {}).get(name) != value])


class CachedView(ABC):
    """A mixin for views with cached responses, which declares the cached query of a request.

    Authentication reads the declaration to look up the user and the response in one round trip, whose results it leaves
    in `prefetched`.
    """

    prefetched: Mapping[CacheKey, LookupResult] = MappingProxyType({})
    valid_until: float | None = None  # Unix time in seconds at which the request's credentials expire, perhaps never

    @abstractmethod
    def cached(self, request: Request) -> CachedQuery | None:
        """Return the namespace and the query of the response; None if the response to this request is not cached."""

    def prefetch(self, other: CacheKey, request: Request, *, owner: object) -> Mapping[CacheKey, LookupResult]:
        """Look up another key, which the credentials depend on, together with the response for `owner`.

        Who accepts the credentials sets `valid_until`; without it a response is not reusable.
        """
        declared = self.cached(request)
        keys = [other] if declared is None else [other, declared[0].key(owner, declared[1])]
        self.prefetched = get_many(keys)
        return self.prefetched

    def cached_response(self, request: Request, *, owner: object, load: Callable[[], Any]) -> HttpResponseBase:
        """Call the function `cached_response` with the declared query and the prefetched results."""
        response = cached_response(request, self.cached(request), owner=owner, load=load, prefetched=self.prefetched)
        if self.valid_until is not None:
            mark_reusable(request, response, self.prefetched, until=self.valid_until)
        return response


def cached_response(
    request: Request,
    cached: CachedQuery | None,
    *,
    owner: object,
    load: Callable[[], Any],
    policy: str = PRIVATE,
    prefetched: Mapping[CacheKey, LookupResult] = MappingProxyType({}),
) -> HttpResponseBase:
    """Return the cached JSON of `load()`, or 304 if the client has it. Raises what `load` raises.

    HTML pages, and requests whose `cached` is None, are rendered anew.
    """
    renderer = getattr(request, "accepted_renderer", None)
    if cached is None or (renderer is not None and renderer.media_type == "text/html"):
        return Response(load())
    namespace, query = cached
    key = namespace.key(owner, query)
    found = prefetched if key in prefetched else get_many([key])
    accepts_gzip = _accepts_gzip(request)
    # A stored entry is compressed also if this client does not want it: others may.
    compress = accepts_gzip or bool(namespace.ttl)
    stored, hit = namespace.fetch(key, lambda: _render(load, compress=compress), found)
    plain, compressed, digest = stored
    zipped = compressed is not None and accepts_gzip
    response: HttpResponseBase
    if _has_etag(request, digest):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(compressed if zipped else plain, content_type="application/json")
        if zipped:
            response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = f'"{digest}-gzip"' if zipped else f'"{digest}"'
    response.headers["Cache-Control"] = policy
    response.headers["X-Cache"] = "hit" if hit else "miss"
    response.headers["Vary"] = "Accept, Accept-Encoding" + (", Authorization, Cookie" if policy == PRIVATE else "")
    if hit and policy == PUBLIC:
        mark_reusable(request, response, found, until=None)
    return response


def mark_reusable(
    request: Request, response: HttpResponseBase, found: Mapping[CacheKey, LookupResult], *, until: float | None
) -> None:
    """Say that a response, if all it is made of was found in the cache, is right as long as that is current."""
    versions = {key: result.version for key, result in found.items() if result.hit and result.version}
    match = request.resolver_match
    if versions and len(versions) == len(found) and response.headers.get("X-Cache") == "hit" and match is not None:
        user_id, is_staff = (request.user.pk, request.user.is_staff) if until is not None else (None, False)
        reusable = Reusable(versions, until, match.route, user_id, is_staff)
        response.reusable = reusable  # type: ignore[attr-defined]  # what the server is handed has no other place


def _render(load: Callable[[], Any], *, compress: bool) -> list[Any]:
    """Return the plain bytes, the compressed ones (None if that is not wanted or saves nothing), and the digest."""
    with load_limit.acquire():
        plain = encode(load())
    worthwhile = compress and len(plain) > COMPRESSED_FROM
    compressed = gzip.compress(plain, compresslevel=6, mtime=0) if worthwhile else None
    return [plain, compressed, hashlib.blake2b(plain, digest_size=12).hexdigest()]


def _accepts_gzip(request: Request) -> bool:
    accepted = request.META.get("HTTP_ACCEPT_ENCODING", "").lower()
    return "gzip" in accepted and not re.search(r"gzip\s*;\s*q=0(?:\.0*)?(?:,|\s|$)", accepted)


def _has_etag(request: Request, digest: str) -> bool:
    """Compare `If-None-Match` weakly: the ETag of either encoding matches."""
    wanted = request.META.get("HTTP_IF_NONE_MATCH", "")
    return wanted.strip() == "*" or any(tag.removesuffix("-gzip") == digest for tag in _ETAG.findall(wanted))
