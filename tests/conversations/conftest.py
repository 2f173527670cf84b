"""What tests of streams share."""

from collections.abc import Iterator

import pytest
from django.http import StreamingHttpResponse


@pytest.fixture
def opened() -> Iterator[list[StreamingHttpResponse]]:
    """Collect the streams that a test begins, close at its end those that it left open."""
    responses: list[StreamingHttpResponse] = []
    yield responses
    for response in responses:
        if not response.closed:
            response.close()
