"""A blocked read over TLS can be ended too: the socket is shut down under the TLS layer."""

import datetime
import ipaddress
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import override_settings

from models_registry.errors import ProviderTimeout
from models_registry.providers import openai, transport
from models_registry.stub import StubServer
from tests.models_registry.providers.helpers import ask, drain, eventually, make


@pytest.fixture
def tls_stub(tmp_path, monkeypatch):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    forget_clients()
    with StubServer(tls=context) as server:
        yield server
        transport.http_client().close()
    forget_clients()


def forget_clients():
    openai._shared.cache_clear()
    transport._make_client.cache_clear()


def write_certificate(certificate, key):
    private, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stub")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


def test_calls_and_closing_over_tls(tls_stub):
    client = make(tls_stub, "openai")
    assert drain(client.stream(ask())) == (["hello ", "you ", "there"], None)
    stream, results = client.stream(ask("stub?hang=mid")), []
    thread = threading.Thread(target=lambda: results.append(drain(stream)))
    thread.start()
    time.sleep(0.1)
    started = time.monotonic()
    stream.close()
    thread.join(2)
    assert time.monotonic() - started < 0.1
    assert results == [(["hello ", "you "], None)]
    assert eventually(lambda: tls_stub.cancelled == 1)


@override_settings(PROVIDER_READ_TIMEOUT=0.3)
def test_silence_over_tls_is_a_timeout(tls_stub):
    client = make(tls_stub, "openai")
    began = time.monotonic()
    pieces, error = drain(client.stream(ask("stub?hang=mid")))
    assert (pieces, type(error)) == (["hello ", "you "], ProviderTimeout)
    assert 0.3 <= time.monotonic() - began < 2
