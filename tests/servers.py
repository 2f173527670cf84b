"""Servers that tests start: the project's own as a process, and a proxy before Redis that loses answers."""

import socket
import socketserver
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit

from perf.benchmarks.processes import running
from tests.helpers import process_environment


def serve(port, *arguments, **more):
    """Run `manage.py serve` on the tests' database until the end of the block."""
    return running("serve", "--port", str(port), *arguments, environment=process_environment(**more))


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
