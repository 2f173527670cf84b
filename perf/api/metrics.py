"""GET /metrics: the figures for Prometheus."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from perf.api.addresses import client_address
from perf.db.connections import release
from perf.timing import recorder
from perf.timing.prometheus import CONTENT_TYPE, exposition


@csrf_exempt  # a POST is 405, with or without a token
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures of all workers; 404 for clients without access, 503 if the store fails."""
    if not may_read(request):
        return HttpResponseNotFound()
    try:
        body = exposition()
    except Exception as error:  # whatever the store raises
        recorder.log_failure("figures cannot be read", error)
        return HttpResponse(status=503)
    finally:
        release()
    return HttpResponse(body, content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def may_read(request: HttpRequest) -> bool:
    """Return whether the request has the token or comes from an allowed network, or access is open."""
    if settings.METRICS_OPEN:
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and kind.lower() == "bearer" and constant_time_compare(token, settings.METRICS_TOKEN):
        return True
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in settings.METRICS_NETWORKS)
