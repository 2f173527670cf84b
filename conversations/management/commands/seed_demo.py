"""`manage.py seed_demo`: fills the database with demo users, conversations and comparisons."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from conversations.benchmarks.demo.accounts import UsernameTaken
from conversations.benchmarks.demo.seed import Amount, seed


class Command(BaseCommand):
    """Adds the missing demo data; a second run changes nothing."""

    help = (
        "Fill the database with demo users (demo-001 …), their conversations, comparisons and votes. The numbers are "
        "per user and per conversation: --users 100 --conversations 1000 --messages 10 makes 100,000 conversations "
        "with 1,000,000 messages. Larger numbers later add what is missing; nothing is ever removed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the amounts, the password, and whether production is meant."""
        parser.add_argument("--users", type=int, default=10, help="demo users (default 10)")
        parser.add_argument("--conversations", type=int, default=20, help="of each user (default 20)")
        parser.add_argument("--messages", type=int, default=10, help="of each conversation (default 10)")
        parser.add_argument("--comparisons", type=int, default=20, help="of each user (default 20)")
        parser.add_argument(
            "--heavy-user",
            type=int,
            metavar="CONVERSATIONS",
            help="of demo-001, out of users x conversations; the other users share the rest",
        )
        parser.add_argument(
            "--today",
            type=int,
            default=0,
            help="more of each user, that begin today at times that are over (default 0)",
        )
        parser.add_argument("--password", help="of the demo users, who cannot log in without one")
        parser.add_argument("--force", action="store_true", help="also in production")

    def handle(self, *_: Any, password: str | None, force: bool, **options: Any) -> None:
        """Check the options, add the rows, and print their numbers. Raises CommandError."""
        if settings.PRODUCTION and not force:
            raise CommandError("This is production: demo data goes there with --force only.")
        amount = _amount(options)
        with tqdm(total=amount.rows, unit=" rows", unit_scale=True, disable=None) as bar:  # silent without a terminal
            try:
                added = seed(amount, password=password, progress=bar.update)
            except UsernameTaken as error:
                raise CommandError(str(error)) from error
        if not added:
            self.stdout.write("Nothing was missing.")
            return
        self.stdout.write(
            f"Added {added.users} users, {added.conversations} conversations, {added.messages} messages, "
            f"{added.comparisons} comparisons."
        )


def _amount(options: dict[str, Any]) -> Amount:
    names = ("users", "conversations", "messages", "comparisons", "heavy_user", "today")
    amount = Amount(**{name: options[name] for name in names})
    for name in names:
        if (options[name] or 0) < 0:
            raise CommandError(f"--{name.replace('_', '-')} must not be negative.")
    if amount.heavy_user is not None and not amount.heavy_user <= amount.users * amount.conversations:
        raise CommandError("--heavy-user cannot have more than users x conversations.")
    if amount.heavy_user is not None and amount.users == 1 and amount.heavy_user < amount.conversations:
        raise CommandError("--heavy-user needs others who have the rest.")
    return amount
