"""The project itself is an installed app: it owns accounts' sessions and the operators' commands."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from perf.plans import declared_queries


class ProjectConfig(AppConfig):
    """Sessions, tokens, and what turns apps into one API."""

    name = "llmselect_project"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Connect what registers itself on import, and offer what is checked."""
        from llmselect_project.accounts import today, user_state  # noqa: F401
        from llmselect_project.api import schema  # noqa: F401
        from llmselect_project.config import checks  # noqa: F401

        declared_queries.register(
            queries="llmselect_project.accounts.sessions.declared_queries",
            fill="llmselect_project.accounts.plan_rows.fill",
        )
        declared_queries.register(queries="llmselect_project.accounts.today.declared_queries")
        declared_queries.register(queries="llmselect_project.accounts.user_state.declared_queries")
        declared_queries.register(queries="llmselect_project.accounts.known_places.declared_queries")


class SiteConfig(AdminConfig):
    """Django's admin, on a site that has pages beside those of the models."""

    default_site = "llmselect_project.accounts.admin_site.ProjectSite"
