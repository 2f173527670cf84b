"""What the index of the admin says of providers: whose last check failed, and whom few can call for want of a key."""

from collections.abc import Iterator

from models_registry.keys.storage import has_system_key
from models_registry.models import APIKey, Provider, SharedKey
from models_registry.query_plans import enabled_providers
from perf.pages.dashboard import FINDINGS, Finding, changelist_url


def provider_findings() -> Iterator[Finding]:
    """Give a line for each provider that needs a look, or one that says that none does."""
    url, providers = changelist_url(Provider), list(enabled_providers())
    failed = [provider for provider in providers if provider.check_error]
    for provider in failed:
        yield Finding(provider.name, f"The last check failed: {provider.check_error}", url, alarming=True)
    keyless = [each.name for each in providers if each.requires_key and not has_system_key(each)]
    if keyless and len(keyless) == sum(provider.requires_key for provider in providers) and not APIKey.objects.exists():
        yield Finding("Keys", "Share a key, or let users store their own.", changelist_url(SharedKey), to_do=True)
    elif keyless:
        names = ", ".join(keyless)
        yield Finding("Keys", f"Without a shared key, so usable only with a key of one's own: {names}.", url)
    if not failed:
        yield Finding("Providers", f"{len(providers)} enabled, no check failed.", url)


FINDINGS.append(provider_findings)
