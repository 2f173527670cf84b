"""Providers, their models, the users' API keys, and those that staff share with everybody."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from models_registry.calls.costs import Rates, rates_at, read_tiers
from models_registry.providers.asking.addresses import normalised
from models_registry.spending.models import Budget, Reservation, UsageDay, UsageEntry, UsageMark, UsageTotal
from perf.caching.querysets import InvalidatingQuerySet

__all__ = [  # with the models of other rooms, which Django looks for here
    "APIKey",
    "Budget",
    "LLMModel",
    "ModelChange",
    "Provider",
    "ProviderKind",
    "Reservation",
    "SharedKey",
    "UsageDay",
    "UsageEntry",
    "UsageMark",
    "UsageTotal",
]


class ProviderKind(models.TextChoices):
    """Kinds of endpoints; `models_registry.providers` has a client for each."""

    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    GEMINI = "gemini", "Gemini"
    MISTRAL = "mistral", "Mistral"
    OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible (Ollama, vLLM, OpenRouter, Azure …)"
    ECHO = "echo", "Echo (development)"


class ProviderQuerySet(InvalidatingQuerySet["Provider"]):
    """Providers, narrowed to those that can be called."""

    def usable(self) -> "ProviderQuerySet":
        """Leave out disabled providers, and the echo outside development."""
        usable = self.filter(enabled=True)
        return usable if settings.ECHO_PROVIDER else usable.exclude(kind=ProviderKind.ECHO)


class Provider(models.Model):
    """An endpoint that answers prompts: a vendor's, a gateway's or a self-hosted one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(unique=True, help_text="The name API clients use.")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=ProviderKind)
    base_url = models.CharField(
        "base URL",
        blank=True,
        max_length=500,
        # `clean` checks and normalises it. A URLField would refuse names of containers, like http://ollama:11434/v1.
        help_text="Usually ends in /v1, for example http://127.0.0.1:11434/v1. Empty for the vendor's own address.",
    )
    enabled = models.BooleanField(default=True, help_text="Unticked: nobody can call it, and no list shows its models.")
    requires_key = models.BooleanField(
        default=True, help_text="Untick it for a server that asks for none, such as Ollama."
    )
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    check_started_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="In the background.")
    check_error = models.CharField(
        "error of the last check",
        max_length=500,
        blank=True,
        editable=False,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProviderQuerySet.as_manager()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Write the address as it is called; raises ValidationError for none, or one that cannot be used."""
        if self.base_url:
            try:
                self.base_url = normalised(self.base_url, self.kind)
            except ValueError as error:
                raise ValidationError({"base_url": str(error)}) from None
        if self.kind == ProviderKind.OPENAI_COMPATIBLE and not self.base_url:
            raise ValidationError({"base_url": "An OpenAI-compatible provider needs its base URL."})

    @property
    def endpoint(self) -> str:
        """The base URL to call, "" for the vendor's own; the environment's takes precedence over the row's."""
        return settings.PROVIDER_BASE_URLS.get(self.slug) or self.base_url


class LLMModelQuerySet(InvalidatingQuerySet["LLMModel"]):
    """Models of the registry, narrowed to what users may see."""

    def listed(self) -> "LLMModelQuerySet":
        """Return the active models of usable providers, with their providers in the same query."""
        return self.filter(enabled=True, provider__in=Provider.objects.usable()).select_related("provider")


class LLMModel(models.Model):
    """A model of a provider; unknown facts are null.

    `available` is what the provider's list says, `enabled` what staff decide.
    """

    class Source(models.TextChoices):
        """Where the row comes from; a sync does not change rows added by staff."""

        CATALOGUE = "catalogue", "Catalogue"
        PROVIDER = "provider", "Provider's own list"
        STAFF = "staff", "Staff"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="models")
    model_id = models.CharField(max_length=200, help_text="The name the provider's API takes.")
    name = models.CharField(max_length=200)
    context_window = models.PositiveIntegerField(null=True, blank=True, help_text="tokens")
    max_output_tokens = models.PositiveIntegerField(null=True, blank=True)
    input_price = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text="USD per million tokens"
    )
    output_price = models.DecimalField(
        max_digits=12, decimal_places=6, null=True, blank=True, help_text="USD per million tokens"
    )
    cache_read_price = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="USD per million tokens read from the provider's cache; empty: as the rest of the input.",
    )
    cache_write_price = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="USD per million tokens written to the provider's cache; empty: as the rest of the input.",
    )
    price_tiers = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="The catalogue's rates by length of the prompt and hour, as costs.write_tiers writes them.",
    )
    reasoning = models.BooleanField(null=True, blank=True, help_text="Whether it can think before it answers.")
    vision = models.BooleanField(null=True, blank=True, help_text="Whether it sees images.")
    tools = models.BooleanField(null=True, blank=True, help_text="Whether it calls tools.")
    available = models.BooleanField(
        "in the provider's list",
        default=True,
        help_text="No: the provider's own list lacks it. It can still be called, and the provider decides.",
    )
    deprecated = models.BooleanField(default=False, help_text="The vendor advises against it. It can still be called.")
    enabled = models.BooleanField(
        "active",
        default=True,
        db_default=True,  # an old version that runs beside the new one adds models, too
        help_text="Unticked: no list shows it, and whoever calls it is told that it is off.",
    )
    source = models.CharField(max_length=10, choices=Source, default=Source.STAFF, editable=False)
    checked_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LLMModelQuerySet.as_manager()

    class Meta:
        verbose_name = "model"
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["provider", "model_id"], name="uniq_llmmodel_provider_model")]

    def __str__(self) -> str:
        return self.name

    def rates(self, input_tokens: int, *, at: datetime | None = None) -> Rates | None:
        """Choose the rates of a prompt of so many tokens; None when the input's or the output's price is unknown.

        They may depend on the length and on the time, now by default, unless staff set a price, which always holds.
        """
        if self.input_price is None or self.output_price is None:
            return None
        if self.price_tiers:
            return rates_at(read_tiers(self.price_tiers), input_tokens, at or timezone.now())
        return Rates(self.input_price, self.output_price, self.cache_read_price, self.cache_write_price)


class AliasQuerySet(InvalidatingQuerySet["Alias"]):
    """Aliases."""


class Alias(models.Model):
    """A name that staff give to models; the first candidate answers, the next one where it fails before it begins."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(
        max_length=100,
        unique=True,
        validators=[RegexValidator(r"^[\w.:-]+\Z", "Use letters, digits, dots, colons, dashes and underscores.")],
        help_text="What clients send as the model. It comes before a model of the same name.",
    )
    candidates = models.JSONField(help_text="provider/model, the first one that is tried first.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AliasQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "aliases"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.name


class ModelChange(models.Model):
    """One value of a model that changed: of its prices, its limits, or whether it can be called."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    model = models.ForeignKey(LLMModel, on_delete=models.CASCADE, related_name="changes", db_index=False)
    changed_at = models.DateTimeField()
    field = models.CharField(max_length=30)
    old = models.TextField(null=True)  # noqa: DJ001 - null is unknown, and no text says that
    new = models.TextField(null=True)  # noqa: DJ001
    source = models.CharField(max_length=10, choices=LLMModel.Source)

    class Meta:
        indexes = [models.Index(fields=["model", "-changed_at", "-id"], name="idx_modelchange_recent")]

    def __str__(self) -> str:
        return f"{self.field}: {self.old} → {self.new}"


class APIKeyQuerySet(InvalidatingQuerySet["APIKey"]):
    """API keys."""


class APIKey(models.Model):
    """A user's key for a provider, encrypted; only `masked` is ever shown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys", db_index=False
    )
    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="api_keys")
    key_encrypted = models.TextField()
    masked = models.CharField(max_length=20)
    override_system_key = models.BooleanField(default=False, help_text="Use this key even where the system has one.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = APIKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["user", "provider"], name="idx_apikeys_user_provider")]

    def __str__(self) -> str:
        return str(self.id)  # the admin's log keeps this text longer than the key


class SharedKeyQuerySet(InvalidatingQuerySet["SharedKey"]):
    """Shared keys; a change of them changes which providers everybody can use."""


class SharedKey(models.Model):
    """A key for a provider that staff stored for everybody, encrypted; it beats the one in the environment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.OneToOneField(Provider, on_delete=models.CASCADE, related_name="shared_key")
    key_encrypted = models.TextField(editable=False)
    masked = models.CharField(max_length=20, editable=False)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = SharedKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "shared key"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"Shared key for {self.provider}"
