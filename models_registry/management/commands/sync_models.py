"""`manage.py sync_models`: updates the providers' models and prices."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from models_registry.catalogue.sync import ProviderReport, sync


class Command(BaseCommand):
    """Prints a line for each provider; fails at the end when a check failed or a slug is unknown."""

    help = (
        "Update models and prices from the offline catalogue, and from the own list of each provider with a system key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the providers, and whether to read their own lists."""
        parser.add_argument("providers", nargs="*", metavar="provider", help="slugs; all providers when left out")
        parser.add_argument("--offline", action="store_true", help="use the catalogue only, call no provider")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        """Sync all, print the reports, then raise CommandError for failures."""
        report = sync(providers=options["providers"] or None, check=not options["offline"])
        for result in report.results:
            self.stdout.write(_line(result))
        failed = [result.slug for result in report.results if result.error is not None]
        problems = [f"the check failed for {', '.join(failed)}"] if failed else []
        if report.unknown:
            problems.append(f"there is no provider named {', '.join(report.unknown)}")
        if problems:
            raise CommandError("; ".join(problems))


def _line(result: ProviderReport) -> str:
    counts = f"{result.total} models, {len(result.added)} added, {len(result.changed)} changed"
    if result.withdrawn:
        counts += f", {len(result.withdrawn)} withdrawn"
    return f"{result.slug}: {counts}, {_check(result)}"


def _check(result: ProviderReport) -> str:
    if result.error is not None:
        return f"check failed: {result.error}"
    return "checked against the provider" if result.checked else f"not checked: {result.skipped}"
