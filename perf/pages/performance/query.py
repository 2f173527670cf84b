"""The page of one statement: who sends it, how long it takes, and its query plan."""

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from perf.pages import formatting
from perf.pages.performance import ranges
from perf.plans.generic_plan import NotExplained, generic_plan
from perf.timing.rows import QueryRow


@require_safe
def page(request: HttpRequest, site: AdminSite, fingerprint: str) -> HttpResponse:
    """Show the statement with this fingerprint id; with `explain=1` also the plan of its slowest example.

    404 for a statement that is not among the figures, 503 when they cannot be read.
    """
    chosen = ranges.chosen(request)
    found: list[QueryRow] = []
    failure = None
    try:
        # A link may be older than the range, so the widest range is searched, too.
        for span in (chosen, ranges.named(ranges.WIDEST)):
            found = [row for row in span.load().queries() if row.id == fingerprint]
            if found:
                break
    except Exception as error:  # whatever the store raises
        failure = formatting.read_failure(error)
    if not found and not failure:
        raise Http404
    context = {
        **site.each_context(request),
        "title": "Query",
        "range": chosen,
        "rows": found,
        "row": found[0] if found else None,
        "failure": failure,
    }
    if found and request.GET.get("explain"):
        try:
            context["plan"] = "\n".join(generic_plan(found[0].slowest_example))
        except NotExplained as reason:
            context["unexplained"] = str(reason)
    return TemplateResponse(request, "perf/query.html", context, status=503 if failure else 200)
