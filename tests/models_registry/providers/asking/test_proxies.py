"""SOCKS proxies, and hosts that no proxy may see."""

import os
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from models_registry.providers import CLIENTS
from models_registry.providers.http import forget_connections
from tests.models_registry.providers.helpers import KEY, ask, whole


class Socks(threading.Thread):
    """A SOCKS5 proxy that leads everywhere to one port of this machine; `asked` are the hosts that it was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.asked: list[str] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"
        self._port = port

    def run(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.server.accept()[0],), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        stream = client.makefile("rb")
        stream.read(stream.read(2)[1])
        client.sendall(b"\x05\x00")
        kind = stream.read(4)[3]
        host = stream.read(stream.read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(stream.read(4))
        self.asked.append(host)
        stream.read(2)
        upstream = socket.create_connection(("127.0.0.1", self._port))
        client.sendall(b"\x05\x00\x00\x01" + socket.inet_aton("127.0.0.1") + struct.pack("!H", self._port))
        threading.Thread(target=relay, args=(client, upstream), daemon=True).start()
        relay(upstream, client)


def relay(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.fixture
def socks(stub, monkeypatch):
    proxy = Socks(stub.port)
    proxy.start()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("all_proxy", f"socks5h://{proxy.address}")
    forget_connections()
    yield proxy
    forget_connections()
    proxy.server.close()


def test_the_proxy_looks_the_name_up(stub, socks):
    client = CLIENTS["openai"](api_key=KEY, base_url="http://provider.invalid/v1")
    assert [whole(client, *ask()).text for _ in range(2)] == ["hello you there"] * 2
    assert socks.asked == ["provider.invalid"]  # the connection is kept


@pytest.mark.parametrize("listed", ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8", "example.com,127.0.0.1", "*"])
def test_it_never_sees_hosts_that_are_not_for_it(stub, socks, monkeypatch, listed):
    monkeypatch.setenv("no_proxy", listed)
    forget_connections()
    whole(CLIENTS["openai"](api_key=KEY, base_url=stub.openai_url), *ask())
    assert socks.asked == []


@pytest.mark.parametrize(
    ("proxy", "missing", "said"),
    [
        ("socks5h://ann:hunter2@127.0.0.1:9", True, "which takes PySocks: pip install PySocks."),
        ("socks9://127.0.0.1:9", False, "socks9://127.0.0.1:9 is no SOCKS proxy: it looks like socks5h://host:port."),
    ],
)
def test_what_is_missing_or_wrong_is_said(proxy, missing, said):
    code = f"""
import sys
if {missing}:
    sys.modules["socks"] = None
import django
django.setup()
from models_registry.providers import CLIENTS
from models_registry.providers.base import Prompt, Turn
try:
    client = CLIENTS["openai"](api_key="sk-test-0", base_url="http://provider.invalid/v1")
    client.stream("m", Prompt(messages=[Turn("user", "x")]))
except Exception as error:
    print(error)
"""
    settings = {"DJANGO_SETTINGS_MODULE": "llmselect_project.settings", "ALL_PROXY": proxy}
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run([sys.executable, "-c", code], env={**kept, **settings}, capture_output=True, text=True)
    assert said in done.stdout, done.stderr
    assert "hunter2" not in done.stdout
