"""The project itself is an installed app: it owns accounts' sessions and the operators' commands."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """Sessions, tokens, and what turns apps into one API."""

    name = "llmselect_project"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Connect what registers itself on import."""
        from llmselect_project import checks, schema, user_state  # noqa: F401
