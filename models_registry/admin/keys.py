"""Keys in the admin: users' own, which are only deleted, and those that staff share; none is ever shown."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest

from models_registry.api.serializers import PRINTABLE
from models_registry.keys.storage import set_shared_key
from models_registry.keys.validation import why_no_key
from models_registry.models import APIKey, Provider, SharedKey
from perf.pages.model_admin import ReadOnlyAdmin, TableAdmin, column, when, yes

CREATED, CHANGED = when("created_at", "stored, UTC"), when("updated_at", "changed, UTC")
MASKED = column("masked", str, "key")
OVERRIDES = yes("override_system_key", "beats the shared key")


@admin.register(APIKey)
class APIKeyAdmin(ReadOnlyAdmin):
    """Shows who has a key for what, and deletes one; the key itself appears nowhere."""

    list_display = ("user", "provider", MASKED, OVERRIDES, CHANGED)
    list_select_related = ("user", "provider")
    list_filter = ("provider",)
    search_fields = ("user__username",)
    search_help_text = "Part of a user's name."
    ordering = ("-id",)
    fields = readonly_fields = ("user", "provider", MASKED, OVERRIDES, CREATED, CHANGED)

    def title_of(self, row: APIKey) -> str:
        """Name the owner and the provider."""
        return f"Key of {row.user.get_username()} for {row.provider}"


class SharedKeyForm(forms.ModelForm[SharedKey]):
    """Takes a key; what is stored is never shown, and a new one replaces it.

    Only providers without a shared key are offered for a new one.
    """

    key = forms.CharField(
        max_length=500,
        validators=[PRINTABLE],
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "class": "vTextField"}),
        help_text="It is stored encrypted and never shown again; a new one replaces it.",
    )

    class Meta:
        model = SharedKey
        fields = ("provider",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "provider" in self.fields:  # of a new row
            field = cast("forms.ModelChoiceField[Provider]", self.fields["provider"])
            field.queryset = Provider.objects.filter(shared_key=None).order_by("name")
            field.help_text = "Those without a shared key. To replace a key, open its row and enter the new one."

    def clean(self) -> dict[str, Any]:
        """Refuse what cannot be a key of the provider."""
        cleaned: dict[str, Any] = super().clean() or {}
        key = cleaned.get("key")
        provider = cleaned.get("provider") or (None if self.instance._state.adding else self.instance.provider)
        if key and provider and (reason := why_no_key(key, provider)):
            self.add_error("key", reason)
        return cleaned


@admin.register(SharedKey)
class SharedKeyAdmin(TableAdmin):
    """Stores a key that everybody's calls of a provider are made with, unless a user's own key overrides it."""

    form = SharedKeyForm
    list_display = ("provider", MASKED, "set_by", CHANGED)
    list_select_related = ("provider", "set_by")
    ordering = ("provider__slug",)
    readonly_fields = (MASKED, "set_by", CHANGED)

    def get_fields(self, request: HttpRequest, obj: SharedKey | None = None) -> tuple[Any, ...]:  # noqa: ARG002
        """Show who set it and when, once it is there."""
        return ("provider", "key") if obj is None else ("provider", "key", *self.readonly_fields)

    def get_readonly_fields(self, request: HttpRequest, obj: SharedKey | None = None) -> tuple[Any, ...]:  # noqa: ARG002
        """Keep a stored key with its provider: sent to another, it would be given away."""
        return self.readonly_fields if obj is None else ("provider", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: SharedKey, form: Any, change: bool) -> None:
        """Encrypt the key and note who set it; the admin's log keeps that, too, and nothing of the key."""
        set_shared_key(obj, key=form.cleaned_data["key"], set_by=cast(User, request.user))
        super().save_model(request, obj, form, change)
