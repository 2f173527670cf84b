"""Encryption of API keys at rest: Fernet (AES-128-CBC and HMAC-SHA256), several keys for rotation."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from models_registry.errors import APIKeyUnreadable


def encrypt(text: str) -> str:
    """Encrypt with the first of `ENCRYPTION_KEYS`."""
    return _fernet(tuple(settings.ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Decrypt with the one of `ENCRYPTION_KEYS` that fits. Raises APIKeyUnreadable when none does."""
    try:
        return _fernet(tuple(settings.ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise APIKeyUnreadable from error


def is_current(token: str) -> bool:
    """Tell whether a token was encrypted with the first of `ENCRYPTION_KEYS`."""
    try:
        _fernet(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def renew(token: str) -> str:
    """Encrypt a token again with the first of `ENCRYPTION_KEYS`. Raises APIKeyUnreadable when none decrypts it."""
    return encrypt(decrypt(token))


def mask(key: str) -> str:
    """Return the last four characters of a key behind asterisks; asterisks alone for a short key."""
    return f"****{key[-4:]}" if len(key) >= 16 else "****"


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
