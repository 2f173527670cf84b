"""The connections to providers: time limits, what is kept, encodings, proxies."""

import gzip
import socket
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import override_settings
from urllib3.exceptions import HTTPError

from models_registry.calls.usage import Usage
from models_registry.errors import MalformedAnswer, ProviderError, ProviderTimeout
from models_registry.providers import CLIENTS
from models_registry.providers import http as transport
from models_registry.providers.http import forget_connections, send, timed_out
from tests.models_registry.providers.helpers import KEY, Answered, ask, whole

WHOLE = b'{"choices":[{"message":{"content":"hi"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}'
EVENT = b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"


@pytest.fixture
def listener():
    """Return a socket that listens, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, f"http://127.0.0.1:{server.getsockname()[1]}"
    forget_connections()


@pytest.fixture
def serve():
    """Return a function that serves by a handler for GET and POST, and returns the URL."""
    running = []

    def start(handle):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            log_message = None

            def log_request(self, *arguments):
                pass

            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                handle(self)

            do_GET = do_POST  # noqa: N815

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    forget_connections()
    for server in running:
        server.shutdown()
        server.server_close()


def answer(request, body, **headers):
    request.send_response(200)
    for name, value in {"content_length": str(len(body)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def client(url):
    return CLIENTS["openai_compatible"](api_key=KEY, base_url=url)


@override_settings(PROVIDER_READ_TIMEOUT=0.3)
def test_who_does_not_read_is_not_waited_for(listener):
    server, url = listener
    began = time.monotonic()
    with pytest.raises(HTTPError) as raised:
        send("POST", url, headers={}, body=bytes(50_000_000))
    assert timed_out(raised.value)
    assert 0.3 <= time.monotonic() - began < 5
    server.settimeout(0.1)
    server.accept()[0].close()
    with pytest.raises(TimeoutError):  # it was tried once
        server.accept()


@override_settings(PROVIDER_READ_TIMEOUT=5, PROVIDER_CONNECT_TIMEOUT=0.2)
def test_a_request_may_take_longer_to_send_than_to_connect(listener):
    server, url = listener
    size, seen = 8_000_000, []

    def read_slowly():
        far, _ = server.accept()
        with far:
            received = 0
            while received < size:
                received += len(far.recv(200_000))
                time.sleep(0.01)
            seen.append(received)
            far.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    thread = threading.Thread(target=read_slowly)
    thread.start()
    began = time.monotonic()
    assert send("POST", url, headers={}, body=bytes(size)).read() == b"ok"
    assert time.monotonic() - began > 0.2
    thread.join(5)


@override_settings(PROVIDER_READ_TIMEOUT=0.4)
def test_the_limit_counts_from_the_last_byte(serve):
    def slowly(request):
        answer(request, b"", content_length="8")
        for _ in range(8):
            request.wfile.write(b"x")
            time.sleep(0.1)

    assert send("GET", serve(slowly), headers={}).read() == b"x" * 8


@override_settings(PROVIDER_CONNECT_TIMEOUT=0.2)
def test_a_provider_that_does_not_accept_is_given_up(listener):
    server, url = listener
    server.listen(0)
    waiting = [socket.socket() for _ in range(3)]
    for connection in waiting:  # they fill the queue of those who wait to be accepted
        connection.setblocking(False)
        connection.connect_ex(server.getsockname())
    began = time.monotonic()
    with pytest.raises(ProviderTimeout):
        whole(client(url), *ask())
    assert time.monotonic() - began < 5
    for connection in waiting:
        connection.close()


def test_a_reset_in_the_middle_is_a_broken_answer(listener):
    server, url = listener

    def reset():
        for _ in range(3):
            far, _ = server.accept()
            far.recv(10_000)
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            far.close()

    thread = threading.Thread(target=reset)
    thread.start()
    with pytest.raises(ProviderError, match="broke off"):
        whole(client(url), *ask())
    thread.join(5)


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_answers_are_read(serve, name, pack):
    url = serve(lambda request: answer(request, pack(WHOLE), content_encoding=name))
    assert whole(client(url), *ask()) == Answered("hi", Usage(input_tokens=1, output_tokens=2), finish_reason=None)


def test_a_compressed_stream_is_read_as_it_comes(serve):
    arrived = threading.Event()

    def stream(request):
        request.send_response(200)
        for name, value in {"transfer-encoding": "chunked", "content-encoding": "gzip"}.items():
            request.send_header(name, value)
        request.end_headers()
        packer = zlib.compressobj(wbits=31)
        for part in (EVENT, DONE):
            data = packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH)
            request.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            if part == EVENT:
                arrived.wait(5)
        request.wfile.write(b"0\r\n\r\n")

    pieces = iter(client(serve(stream)).stream(*ask()))
    assert next(pieces) == "hi"  # while the provider waits
    arrived.set()
    assert list(pieces) == []


def test_what_is_said_to_be_compressed_and_is_not_is_malformed(serve):
    url = serve(lambda request: answer(request, WHOLE, content_encoding="gzip"))
    with pytest.raises(MalformedAnswer):
        whole(client(url), *ask())


def test_a_compressed_answer_without_a_measure_is_refused(serve):
    bomb = gzip.compress(bytes(60_000_000))
    url = serve(lambda request: answer(request, bomb, content_encoding="gzip"))
    with pytest.raises(MalformedAnswer, match="more than"):
        whole(client(url), *ask())


def test_events_arrive_at_once_without_chunks_as_well(serve):
    arrived = threading.Event()

    def stream(request):
        answer(request, EVENT, content_length=str(len(EVENT + DONE)))
        arrived.wait(5)
        request.wfile.write(DONE)

    pieces = iter(client(serve(stream)).stream(*ask()))
    assert next(pieces) == "hi"
    arrived.set()
    assert list(pieces) == []


def test_a_connection_that_rested_too_long_is_not_used_again(serve, monkeypatch):
    monkeypatch.setattr(transport, "KEPT_SECONDS", 0.3)
    ports, pauses = [], iter([0, 0.4, 0, 0])

    def slowly(request):
        ports.append(request.client_address[1])
        time.sleep(next(pauses))
        answer(request, WHOLE)

    url = serve(slowly)
    for rest in (0, 0, 0.4, 0):  # the rest counts from the end of a long answer
        whole(client(url), *ask())
        time.sleep(rest)
    assert ports[0] == ports[1] == ports[2] != ports[3]


def test_a_kept_connection_that_the_provider_closed_is_noticed(serve):
    calls = []

    def once(request):
        calls.append(request.client_address)
        answer(request, WHOLE)
        request.close_connection = True

    url = serve(once)
    for _ in range(3):
        assert whole(client(url), *ask()).text == "hi"
        time.sleep(0.05)
    assert len(set(calls)) == 3


def test_the_login_of_an_address_is_sent(serve):
    seen = []

    def note(request):
        seen.append(request.headers["authorization"])
        answer(request, WHOLE)

    whole(client(serve(note).replace("//", "//ann:secret@")), *ask())
    assert seen == ["Basic YW5uOnNlY3JldA=="]


def test_cookies_of_one_call_are_not_sent_with_another(serve):
    cookies = []

    def give(request):
        cookies.append(request.headers["cookie"])
        answer(request, WHOLE, set_cookie="session=of-ann; Path=/")

    url = serve(give)
    for _ in range(2):
        whole(client(url), *ask())
    assert cookies == [None, None]


@pytest.mark.parametrize("no_proxy", ["", "127.0.0.1"])
def test_the_proxy_of_the_environment_is_used(stub, serve, monkeypatch, no_proxy):
    seen = []

    def proxy(request):
        seen.append((request.path, request.headers["proxy-authorization"]))
        answer(request, WHOLE)

    monkeypatch.setenv("http_proxy", serve(proxy).replace("//", "//ann:secret@"))
    monkeypatch.setenv("no_proxy", no_proxy)
    forget_connections()
    try:
        text = whole(client(stub.openai_url), *ask()).text
    finally:
        forget_connections()
    if no_proxy:
        assert (text, seen) == ("hello you there", [])
    else:
        assert (text, seen) == ("hi", [(f"{stub.openai_url}/chat/completions", "Basic YW5uOnNlY3JldA==")])
