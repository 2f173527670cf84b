"""The scripted provider as a fixture: one server for all tests, forgetting everything between them."""

from collections.abc import Iterator

import pytest

from models_registry.fake_provider import StubServer


@pytest.fixture(scope="session")
def stub_server() -> Iterator[StubServer]:
    with StubServer() as server:
        yield server


@pytest.fixture
def stub(stub_server: StubServer) -> StubServer:
    stub_server.reset()
    return stub_server
