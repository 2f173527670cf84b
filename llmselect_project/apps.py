"""The project as an app: it has the models of login sessions and the commands of operators."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from perf.api import token_names
from perf.plans import declared_queries
from perf.timing.request_timing import expect_slow

# What hashes a password, which takes long on purpose, so that guessing does.
HASHES_A_PASSWORD = (
    ("POST", "api/v1/auth/login"),
    ("POST", "api/v1/auth/password"),
    ("POST", "api/v1/auth/register"),
    ("DELETE", "api/v1/auth/me"),
    ("POST", "api-auth/login/"),
    ("POST", "admin/login/"),
    ("POST", "admin/password_change/"),
    ("POST", "admin/auth/user/add/"),
    ("POST", "admin/auth/user/<id>/password/"),
)


class ProjectConfig(AppConfig):
    """Accounts, and what the endpoints of all apps have in common."""

    name = "llmselect_project"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Import the modules that register themselves, and register the declared queries and the slow requests."""
        from conversations.history.archive import settings as archived
        from llmselect_project.accounts import today, user_state  # noqa: F401
        from llmselect_project.api import schema  # noqa: F401
        from llmselect_project.config import checks  # noqa: F401
        from llmselect_project.tokens import last_use, service, state  # noqa: F401

        token_names.register(service.name_of)
        archived.register("tokens", service.archived)

        expect_slow(*HASHES_A_PASSWORD)
        declared_queries.register(
            queries="llmselect_project.accounts.sessions.declared_queries",
            fill="llmselect_project.accounts.plan_rows.fill",
        )
        declared_queries.register(queries="llmselect_project.accounts.today.declared_queries")
        declared_queries.register(queries="llmselect_project.accounts.user_state.declared_queries")
        declared_queries.register(queries="llmselect_project.accounts.known_places.declared_queries")
        declared_queries.register(queries="llmselect_project.tokens.state.declared_queries")
        declared_queries.register(queries="llmselect_project.tokens.service.declared_queries")


class SiteConfig(AdminConfig):
    """Django's admin, with a site of our own."""

    default_site = "llmselect_project.accounts.admin_site.ProjectSite"
