"""The ceiling that endpoints are measured against: Django without middleware, one view that returns finished bytes.

`python -m perf.benchmarks.ceiling` serves the answers in the file `CEILING_ANSWERS`, on `PORT`, with `SERVE_THREADS`
threads.
"""

import os
from pathlib import Path

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import re_path

from perf.benchmarks import answers
from perf.serving.granian import serve

RECORDED = {
    target: (each, [piece.encode() for piece in each.pieces])
    for target, each in answers.read(Path(os.environ["CEILING_ANSWERS"])).items()
}


def answer(request: HttpRequest) -> HttpResponseBase:
    """Return what was recorded of this address."""
    recorded, pieces = RECORDED[request.get_full_path()]
    if recorded.streamed:
        return StreamingHttpResponse(iter(pieces), status=recorded.status, headers=recorded.headers)
    response = HttpResponse(b"".join(pieces), status=recorded.status, headers=recorded.headers)
    if "content-type" not in recorded.headers:  # a 304
        del response.headers["Content-Type"]
    return response


urlpatterns = [re_path("", answer)]

if not settings.configured:  # a worker, which is a fork, has it from its parent
    settings.configure(
        SECRET_KEY="-",  # noqa: S106  # signs nothing
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=[],
        ROOT_URLCONF="perf.benchmarks.ceiling",
        USE_I18N=False,
        LOGGING_CONFIG=None,
    )
    django.setup(set_prefix=False)
application = get_wsgi_application()

if __name__ == "__main__":
    threads, port = int(os.environ["SERVE_THREADS"]), int(os.environ["PORT"])
    serve("perf.benchmarks.ceiling:application", host="127.0.0.1", port=port, workers=1, threads=threads, grace=4)
