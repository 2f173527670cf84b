"""The project itself is an installed app: it owns accounts' sessions and the operators' commands."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from perf import plans


class ProjectConfig(AppConfig):
    """Sessions, tokens, and what turns apps into one API."""

    name = "llmselect_project"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Connect what registers itself on import, and offer what is checked."""
        from llmselect_project import checks, schema, user_state  # noqa: F401

        plans.register(shapes="llmselect_project.sessions.shapes", fill="llmselect_project.plan_rows.fill")
        plans.register(shapes="llmselect_project.user_state.shapes")
        plans.register(shapes="llmselect_project.places.shapes")


class SiteConfig(AdminConfig):
    """Django's admin, on a site that has pages beside those of the models."""

    default_site = "llmselect_project.admin_site.ProjectSite"
