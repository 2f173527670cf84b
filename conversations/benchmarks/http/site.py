"""What `manage.py benchmark http` drives: two servers on one database, with caches and without, and their provider."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.contrib.auth.models import User

from conversations.benchmarks.chats import PASSWORD, log_in
from conversations.demo.seed import Amount, seed
from conversations.models import Conversation
from perf.benchmarks.cases import Options
from perf.benchmarks.processes import Served, free_port, prepared, running, started, wait_for
from perf.db.scratch import database_at, scratch_url

LIST, ACCOUNT = "/api/v1/conversations", "demo-001"
SHARE = 100  # of `--messages` are there
LENGTH = 10  # messages of a conversation
DETAILS = 50  # conversations that are read in turns


@dataclass(frozen=True, slots=True)
class Site:
    """The servers; `headers` log in the account that owns the conversations, some of whose ids are listed."""

    cached: Served
    uncached: Served
    headers: dict[str, str]
    conversations: list[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """The site, the environment of its servers, and the base URL of its provider."""

    site: Site
    environment: dict[str, str]
    provider: str


def logged_in(setting: Setting) -> Setting:
    """Log in anew: a token ends after a quarter of an hour."""
    site = replace(setting.site, headers=log_in(setting.site.cached.url, ACCOUNT))
    return replace(setting, site=site)


def conversations(options: Options) -> int:
    """Return how many conversations there are."""
    return options.messages // SHARE // LENGTH


@contextmanager
def setting_up(options: Options) -> Iterator[Setting]:
    """Run everything until the end of the block."""
    port = free_port()
    provider = f"http://127.0.0.1:{port}/v1"
    with ExitStack() as stack:
        database = stack.enter_context(scratch_url(options.database_url))
        environment = {
            "DATABASE_URL": database,
            "REDIS_URL": options.redis_url or "",
            "OPENAI_BASE_URL": provider,
            "OPENAI_API_KEY": "benchmark",
        }
        stack.enter_context(running("stub_provider", "--port", str(port)))
        wait_for(f"{provider}/models")
        full = stack.enter_context(prepared(environment))
        ids = _fill(database, conversations(options))
        cached = stack.enter_context(started(full))
        uncached = stack.enter_context(started({**full, "CONVERSATION_CACHE_TTL": "0"}))
        yield Setting(Site(cached, uncached, log_in(cached.url, ACCOUNT), ids), full, provider)


def _fill(database: str, count: int) -> list[str]:
    """Give the account so many conversations; returns the ids of some."""
    with database_at(database):
        seed(Amount(users=1, conversations=count, messages=LENGTH, comparisons=0))
        # As the server hashes, whatever the settings here say.
        User.objects.filter(username=ACCOUNT).update(password=make_password(PASSWORD, hasher=PBKDF2PasswordHasher()))
        newest = Conversation.objects.order_by("-last_message_at").values_list("pk", flat=True)[:DETAILS]
        return [str(each) for each in newest]
