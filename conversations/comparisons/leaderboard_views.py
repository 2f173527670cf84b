"""The leaderboard over HTTP."""

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from conversations.caches import leaderboards
from conversations.comparisons import examples
from conversations.comparisons.leaderboard import leaderboard, pairs
from conversations.comparisons.pareto import pareto
from conversations.comparisons.serializers import Categories, Leaderboard, LeaderboardQuery, Pairs, PairsQuery, Pareto
from models_registry.api.requests import current_user
from perf.api.validation import valid_query
from perf.caching.responses import CachedQuery, CachedView, canonical

LEADERBOARDS = PolymorphicProxySerializer(
    component_name="AnyLeaderboard", serializers=[Leaderboard, Pareto, Categories], resource_type_field_name=None
)


class LeaderboardView(CachedView, APIView):
    """GET /leaderboard."""

    def cached(self, request: Request) -> CachedQuery:
        """Declare the ratings."""
        return leaderboards, canonical(request.query_params, ("provider", "since", "by", "from", "to"))

    @extend_schema(
        parameters=[LeaderboardQuery], responses=LEADERBOARDS, examples=examples.LEADERBOARD, tags=["compare"]
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Show your leaderboard.

        Rates the models by your own votes (Bradley-Terry, with 95 % intervals), and says what their answers cost and
        how long they took. `rating` is null while there are too few votes. `provider` narrows what is shown, not what
        is rated; `from` (or `since`) and `to` bound the votes that count.

        With `by` it sets the ratings against the median cost or time to the first token, or rates the models for each
        kind of prompts, and says for each two models how likely the one is the better one.
        """
        owner = current_user(request).pk
        return self.cached_response(request, owner=owner, load=lambda: _results(request))


class PairsView(CachedView, APIView):
    """GET /leaderboard/pairs."""

    def cached(self, request: Request) -> CachedQuery:
        """Declare the counts, which change with the ratings."""
        return leaderboards, f"pairs {canonical(request.query_params, ('since',))}"

    @extend_schema(parameters=[PairsQuery], responses=Pairs, examples=examples.PAIRS, tags=["compare"])
    def get(self, request: Request) -> HttpResponseBase:
        """Show which model won against which.

        Counts, for each two models of your votes, how often the one won, lost and tied against the other. `since`
        counts later votes only.
        """
        owner = current_user(request).pk

        def load() -> dict[str, Any]:
            query = valid_query(PairsQuery, request.query_params)
            return {"results": pairs(user_id=owner, since=query.get("since"))}

        return self.cached_response(request, owner=owner, load=load)


def _results(request: Request) -> dict[str, Any]:
    query = valid_query(LeaderboardQuery, request.query_params)
    provider = query.get("provider")
    times = {"since": query.get("from") or query.get("since"), "until": query.get("to")}
    owner = current_user(request).pk
    if "by" in query:
        return pareto(user_id=owner, by=query["by"], provider=provider, **times)
    rows = leaderboard(user_id=owner, **times)
    return {"results": [row for row in rows if provider in (None, row["provider"])]}
