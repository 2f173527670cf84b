"""A provider that cannot be reached, or whose address is another server's: who, and why, and no secret."""

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import override_settings

from models_registry.errors import MalformedAnswer, ProviderError, ProviderTimeout
from models_registry.providers import CLIENTS
from models_registry.providers.http import forget_connections
from tests.models_registry.providers.helpers import KEY, WIRES, ask, drain, whole

EVERY = pytest.mark.parametrize("kind", ["openai_compatible", *WIRES])
PAGE = b"<!doctype html><title>A wiki</title><p>Welcome!"


@contextmanager
def answering(status, content_type, body):
    """Run a server that answers everything the same; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def nobody():
    """Keep a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{free.getsockname()[1]}"


def failure(kind, url, *, stream=False):
    client = CLIENTS[kind](api_key=KEY, base_url=url)
    if stream:
        try:
            _, error = drain(client.stream(*ask()))
        except ProviderError as raised:
            error = raised
    else:
        with pytest.raises(ProviderError) as caught:
            whole(client, *ask())
        error = caught.value
    assert KEY not in str(error)
    return error


@EVERY
@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_connection(kind, stream):
    with nobody() as address:
        error = failure(kind, f"http://{address}/v1", stream=stream)
    assert (type(error), str(error)) == (ProviderError, f"Could not reach {address}: connection refused.")


@pytest.mark.parametrize("port", ["", ":8443"])
def test_an_unknown_host(port):
    message = str(failure("openai_compatible", f"http://nowhere.invalid{port}/v1"))
    assert message.startswith(f"Could not reach nowhere.invalid{port}: unknown host (")


def test_no_secret_of_the_address_is_told():
    with nobody() as address:
        message = str(failure("openai", f"http://ann:hunter2@{address}/token-5f1e/v1?key=abc"))
    assert message == f"Could not reach {address}: connection refused."


def test_a_server_that_speaks_no_tls():
    with answering(200, "text/plain", b"hello") as address:
        message = str(failure("openai", f"https://{address}/v1"))
    assert message.startswith(f"Could not reach {address}: TLS failed, ")


@override_settings(PROVIDER_CONNECT_TIMEOUT=0.2)
def test_a_server_that_accepts_nobody():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        waiting = [socket.socket() for _ in range(3)]
        for connection in waiting:  # they fill the queue
            connection.setblocking(False)
            connection.connect_ex(server.getsockname())
        address = f"127.0.0.1:{server.getsockname()[1]}"
        error = failure("openai", f"http://{address}/v1")
        for connection in waiting:
            connection.close()
    expected = f"Could not reach {address}: no connection within 0.2 s."
    assert (type(error), str(error)) == (ProviderTimeout, expected)


def test_a_proxy_that_is_not_there(monkeypatch):
    with nobody() as address:
        monkeypatch.setenv("HTTP_PROXY", f"http://{address}")
        monkeypatch.setenv("http_proxy", f"http://{address}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        forget_connections()
        message = str(failure("openai", "http://provider.example/v1"))
    forget_connections()
    assert message == "Could not reach provider.example: the proxy failed, connection refused."


WRONG = {
    "a page": (404, "text/html", PAGE, "404 Not Found. Is the provider's base URL right?"),
    "Ollama's": (404, "text/plain", b"404 page not found", "404 Not Found. Is the provider's base URL right?"),
    "FastAPI's": (
        404,
        "application/json",
        b'{"detail":"Not Found"}',
        "404 Not Found. Is the provider's base URL right?",
    ),
    "another method": (405, "text/html", PAGE, "405 Method Not Allowed. Is the provider's base URL right?"),
    "a broken gateway": (501, "text/html", PAGE, "501 Not Implemented."),
    "a status of its own": (599, "text/html", PAGE, "599."),
}


@EVERY
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wrong", WRONG)
def test_another_server_at_the_address(kind, stream, wrong):
    status, content_type, body, said = WRONG[wrong]
    with answering(status, content_type, body) as address:
        error = failure(kind, f"http://{address}/secret-path/v1", stream=stream)
    assert (str(error), error.details) == (f"{address} answered {said}", {"status": status})


@EVERY
@pytest.mark.parametrize("stream", [False, True])
def test_a_web_page_instead_of_an_answer(kind, stream):
    with answering(200, "text/html; charset=utf-8", b"\n" + PAGE) as address:
        error = failure(kind, f"http://{address}", stream=stream)
    expected = f"{address} answered 200 with a web page. Is the provider's base URL right?"
    assert (type(error), str(error)) == (MalformedAnswer, expected)


def test_an_answer_under_a_wrong_type_is_taken():
    answer = b'{"choices":[{"message":{"content":"hi"}}]}'
    with answering(200, "text/html", answer) as address:
        assert whole(CLIENTS["openai_compatible"](api_key=KEY, base_url=f"http://{address}"), *ask()).text == "hi"
