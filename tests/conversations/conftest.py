"""What tests of streams share."""

from collections.abc import Iterator

import pytest
from django.http import StreamingHttpResponse

from conversations.completions.streams import registry


@pytest.fixture
def opened() -> Iterator[list[StreamingHttpResponse]]:
    """Collect the streams that a test begins, close at its end those that it left open, and stop the answers."""
    responses: list[StreamingHttpResponse] = []
    yield responses
    for response in responses:
        if not response.closed:
            response.close()
    for answer in registry.running():
        answer.stop()
        assert answer.wait_for_end(5.0)
