"""Servers that tests start: the project's own, a Redis to break, a proxy that loses answers, a provider with a say."""

import json
import shutil
import socket
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache

from perf.benchmarks.processes import running, workers
from perf.benchmarks.services import redis_server
from perf.caching.outage import outage
from perf.caching.redis import redis_cache
from tests.helpers import process_environment


def serve(port, *arguments, **more):
    """Run `manage.py serve` on the tests' database until the end of the block."""
    return running("serve", "--port", str(port), *arguments, environment=process_environment(**more))


def asking(stub):
    """Write the variables by which a server of its own asks the stub instead of OpenAI."""
    return {"OPENAI_BASE_URL": stub.openai_url, "OPENAI_API_KEY": "sk-test"}


def listens(port):
    """Tell whether somebody listens on a port of 127.0.0.1."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def redis_as_cache(settings):
    """Run a Redis of the test's own as the cache and the store of all figures; yields it, to be killed and mended."""
    if shutil.which("redis-server") is None:
        pytest.skip("needs redis-server")
    before = settings.CACHES, settings.REDIS_URL
    with redis_server() as server:
        settings.CACHES, settings.REDIS_URL = {"default": redis_cache(server.url, connections=10)}, server.url
        yield server
        cache.close()
        settings.CACHES, settings.REDIS_URL = before
    outage.end_pause()


@contextmanager
def losing_answers(url, word):
    """Run a proxy before a Redis that breaks a connection once a request with `word` is answered; yields its URL."""
    parts = urlsplit(url)

    class Between(socketserver.BaseRequestHandler):
        def handle(self):
            with socket.create_connection((parts.hostname, parts.port or 6379)) as server:
                while asked := self.request.recv(65536):
                    server.sendall(asked)
                    answered = server.recv(65536)
                    if word in asked:
                        return
                    self.request.sendall(answered)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Between) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield parts._replace(netloc=f"127.0.0.1:{proxy.server_address[1]}").geturl()
        proxy.shutdown()


@contextmanager
def listing_provider(*ids, meanwhile):
    """Run a provider that lists these models in OpenAI's shape and calls `meanwhile` first; yields its base URL."""

    class Lists(BaseHTTPRequestHandler):
        def do_GET(self):
            meanwhile()
            body = json.dumps({"object": "list", "data": [{"id": each, "object": "model"} for each in ids]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Lists) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def worker_pids(server):
    """Return the process ids of a server's workers."""
    return [worker.pid for worker in workers(server)]
