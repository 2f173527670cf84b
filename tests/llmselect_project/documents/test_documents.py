"""What the pages say exists: their links, their commands, the settings; and blocks that every shell takes."""

import re
from urllib.parse import unquote

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from conversations.chat.examples import STREAMED
from tests.llmselect_project.documents.blocks import ROOT, pages, shell_blocks

PAGES = pages()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
# Readers of the environment in settings, and the variable that each is given.
READ = re.compile(
    r"\b(?:env\.str|integer|seconds|boolean|choice|rate|listed|networks)\(\s*f?\"([A-Z][A-Z_]+)\"", re.MULTILINE
)
OWN_APPS = {"llmselect_project", "conversations", "models_registry", "perf"}
# Its words are explained on the one page of history, and stand in the code that measures it.
HISTORY = "docs/PHASE5_IMPLEMENTATION_SUMMARY.md"


def anchors(text):
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", each).lower()) for each in headings]
    return {each.strip().replace(" ", "-") for each in plain}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page):
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in anchors(linked.read_text()), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", [page for page in PAGES if "decisions" not in page.parts], ids=str)
def test_every_command_exists(page):
    commands = set(get_commands())
    for name in re.findall(r"manage\.py ([a-z_]+)", page.read_text()):
        assert name in commands, f"{page.name} names manage.py {name}"


def test_the_readme_names_every_command_but_those_of_make():
    own = {name for name, app in get_commands().items() if app in OWN_APPS}
    named = set(re.findall(r"manage\.py ([a-z_]+)", (ROOT / "README.md").read_text()))
    assert own - {"setup"} <= named


def test_the_api_guide_names_every_field_of_the_last_event():
    guide = (ROOT / "docs/guides/api.md").read_text()
    events = guide[guide.index("## Events of a stream") : guide.index("`finish_reason` says how")]
    done = STREAMED[-1]
    assert {name for name in (*done, *done["usage"]) if f"`{name}`" not in events} == set()


def test_every_setting_of_the_env_file_reaches_the_containers():
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["x-app"]
    assert service["env_file"] == [{"path": ".env", "required": False}]
    # What the file fixes whatever .env says, as docs/deployment.md lists.
    fixed = {name for name, value in service["environment"].items() if f"${{{name}" not in value}
    assert fixed == {"DJANGO_ENV", "DATABASE_URL", "REDIS_URL", "HOST", "PORT"}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_block_has_a_comment(page):
    """An interactive zsh takes a comment for arguments."""
    for block in shell_blocks(page):
        assert not re.search(r"(?:^|\s)#", block, re.MULTILINE), block


def test_the_documents_index_leads_to_every_page():
    index = (ROOT / "docs" / "index.md").read_text()
    found = {(ROOT / "docs" / target).resolve() for target in LINK.findall(index)}
    expected = {page for page in PAGES if "decisions" not in page.parts and page.name != "index.md"}
    assert expected <= found


def test_the_index_of_decisions_leads_to_every_decision():
    folder = ROOT / "docs" / "decisions"
    listed = LINK.findall((folder / "README.md").read_text())
    assert sorted(listed) == sorted(page.name for page in folder.glob("0*.md"))


def test_every_setting_is_in_the_readme_and_in_the_template():
    files = [ROOT / "llmselect_project" / "settings.py", ROOT / "llmselect_project" / "config" / "databases.py"]
    read = {name for file in files for name in READ.findall(file.read_text())} - {"GOOGLE_API_KEY"}
    assert len(read) > 30
    readme, template = (ROOT / "README.md").read_text(), (ROOT / ".env.example").read_text()
    assert {name for name in read if f"`{name}`" not in readme} == set()
    assert {name for name in read if not re.search(rf"^#?{name}=", template, re.MULTILINE)} == set()


def test_only_the_page_of_history_needs_history():
    for page in PAGES:
        text = page.read_text()
        if str(page.relative_to(ROOT)) != HISTORY:
            assert "the predecessor" not in text.lower(), page


def test_the_changelog_has_the_version_that_runs():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)[0] == settings.VERSION
