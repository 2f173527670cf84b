"""Streams that are begun and followed."""

import pytest

from tests.conversations.completions.streams.helpers import HELLO, URL


@pytest.fixture
def stream(api, openai, opened):
    def begin(**change):
        response = api.post(URL, {**HELLO, **change})
        opened.append(response)
        assert response.status_code == 200, response.content
        return response

    return begin


@pytest.fixture
def follow(api, opened):
    def begin(url, after=None, client=api):
        response = client.get(url, **({} if after is None else {"HTTP_LAST_EVENT_ID": str(after)}))
        if response.streaming:
            opened.append(response)
        return response

    return begin
