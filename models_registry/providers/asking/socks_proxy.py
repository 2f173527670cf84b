"""Connections to providers through a SOCKS proxy; importing this takes PySocks."""

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.contrib.socks import SOCKSConnection, SOCKSHTTPSConnection, SOCKSProxyManager

from models_registry.providers.http import Connection


class SocksConnection(Connection, SOCKSConnection):
    """A connection that its user's cancel token can end."""


class SocksTLSConnection(Connection, SOCKSHTTPSConnection):
    """The same over TLS."""


class SocksPool(HTTPConnectionPool):
    """Connections to one host."""

    ConnectionCls = SocksConnection


class SocksTLSPool(HTTPSConnectionPool):
    """TLS connections to one host."""

    ConnectionCls = SocksTLSConnection


class SocksManager(SOCKSProxyManager):
    """The pools of all hosts."""

    pool_classes_by_scheme = {"http": SocksPool, "https": SocksTLSPool}
