"""The page of one shape of statements: who sends it, what it takes, and how the database goes about it."""

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from perf.pages import wording
from perf.pages.overview import chosen_range, figures_of
from perf.plans.generic_plan import NotExplained, generic_plan
from perf.timing.rows import QueryRow


@require_safe
def page(request: HttpRequest, site: AdminSite, fingerprint: str) -> HttpResponse:
    """Show it by its id; with `explain=1` also the plan of its slowest example."""
    name = chosen_range(request)
    found: list[QueryRow] = []
    failure = None
    try:
        found = _rows(fingerprint, name)
    except Exception as error:  # whatever the store raises
        failure = wording.no_figures(error)
    if not found and not failure:
        raise Http404
    context = {
        **site.each_context(request),
        "title": "Query",
        "range": name,
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


def _rows(fingerprint: str, name: str) -> list[QueryRow]:
    """Find it in the range, else in the whole week: a link may be older than the range it was found in."""
    for span in dict.fromkeys((name, list(wording.RANGES)[-1])):
        if found := [row for row in figures_of(span).queries() if row.id == fingerprint]:
            return found
    return []
