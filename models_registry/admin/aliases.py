"""Aliases in the admin: names that staff give to an ordered list of models."""

from typing import Any

from django import forms
from django.contrib import admin

from models_registry.models import Alias, Provider
from perf.pages.model_admin import TableAdmin, when

MOST = 10  # candidates
CHANGED = when("updated_at", "changed, UTC")


class AliasForm(forms.ModelForm[Alias]):
    """Takes one candidate a line."""

    candidates = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4, "cols": 60}),
        help_text="provider/model, one a line. The first one answers; the next one where it fails before it begins.",
    )

    class Meta:
        model = Alias
        fields = ("name", "candidates")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["candidates"] = "\n".join(self.instance.candidates or ())

    def clean_candidates(self) -> list[str]:
        """Read the lines; refuses what names no provider."""
        lines = [line.strip() for line in self.cleaned_data["candidates"].splitlines() if line.strip()]
        slugs = set(Provider.objects.values_list("slug", flat=True))
        for line in lines:
            slug, _, model = line.partition("/")
            if slug not in slugs or not model:
                raise forms.ValidationError(
                    f"{line} is not provider/model, with the name of a provider of this server."
                )
        if not lines or len(lines) > MOST or len(set(lines)) < len(lines):
            raise forms.ValidationError(f"Name 1 to {MOST} different models.")
        return lines


@admin.register(Alias)
class AliasAdmin(TableAdmin):
    """Stores aliases."""

    form = AliasForm
    list_display = ("name", "stands_for", CHANGED)
    search_fields = ("name",)
    ordering = ("name",)

    @admin.display(description="stands for")
    def stands_for(self, alias: Alias) -> str:
        """Name the candidates in their order."""
        return ", ".join(alias.candidates)
