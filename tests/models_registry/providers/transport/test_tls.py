"""A blocked read over TLS can be ended too: the socket is shut down under the TLS layer."""

import datetime
import ipaddress
import shutil
import ssl
import subprocess
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import override_settings

from models_registry.errors import ProviderError, ProviderTimeout
from models_registry.fake_provider import FakeProvider
from models_registry.providers.http import forget_connections
from tests.helpers import eventually
from tests.models_registry.providers.helpers import ask, drain, make, whole


@pytest.fixture(params=["file", "directory"])
def tls_stub(tmp_path, monkeypatch, request):
    """Run the stub behind a certificate that is trusted by one of the two ways of naming it."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    write_certificate(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if request.param == "file":
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    else:
        monkeypatch.delenv("SSL_CERT_FILE", raising=False)
        monkeypatch.setenv("SSL_CERT_DIR", str(directory_of(certificate)))
    forget_connections()
    with FakeProvider(tls=context) as server:
        yield server
        forget_connections()


def directory_of(certificate):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(certificate)]
    name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    directory = certificate.parent / "trusted"
    directory.mkdir()
    (directory / f"{name}.0").write_bytes(certificate.read_bytes())
    return directory


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
    assert drain(client.stream(*ask())) == (["hello ", "you ", "there"], None)
    stream, results = client.stream(*ask("stub?hang=mid")), []
    thread = threading.Thread(target=lambda: results.append(drain(stream)))
    thread.start()
    time.sleep(0.2)
    started = time.monotonic()
    stream.close()
    thread.join(5)
    assert time.monotonic() - started < 2
    assert results == [(["hello ", "you "], None)]
    assert eventually(lambda: tls_stub.cancelled == 1)


@override_settings(PROVIDER_READ_TIMEOUT=0.3)
def test_silence_over_tls_is_a_timeout(tls_stub):
    client = make(tls_stub, "openai")
    began = time.monotonic()
    pieces, error = drain(client.stream(*ask("stub?hang=mid")))
    assert (pieces, type(error)) == (["hello ", "you "], ProviderTimeout)
    assert 0.3 <= time.monotonic() - began < 5


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_stub, monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    forget_connections()
    with pytest.raises(ProviderError, match="certificate verify failed"):
        whole(make(tls_stub, "openai"), *ask())
    assert tls_stub.requests == []


@override_settings(PROVIDER_READ_TIMEOUT=0.3)
def test_a_request_that_is_not_read_over_tls_is_given_up(tls_stub):
    began = time.monotonic()
    with pytest.raises(ProviderTimeout):
        whole(make(tls_stub, "openai"), *ask("stub?hang=first", prompt="x" * 100_000))
    assert time.monotonic() - began < 5
