"""The fake provider as a fixture: one server for all tests, reset before each."""

from collections.abc import Iterator

import pytest

from models_registry.fake_provider import FakeProvider


@pytest.fixture(scope="session")
def stub_server() -> Iterator[FakeProvider]:
    with FakeProvider() as server:
        yield server


@pytest.fixture
def stub(stub_server: FakeProvider) -> FakeProvider:
    stub_server.reset()
    return stub_server
