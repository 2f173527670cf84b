"""`manage.py export_history`."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from conversations.history.archive import writing
from tests.conversations.history.archive.helpers import Opened
from tests.helpers import conversation

pytestmark = pytest.mark.django_db


def test_it_writes_what_the_endpoint_gives(ann, bob, tmp_path):
    conversation(ann, messages=2)
    conversation(bob, messages=1)
    file, said = tmp_path / "ann.zip", StringIO()
    call_command("export_history", user="ANN", into=file, stdout=said)
    opened = Opened(file.read_bytes())
    assert (opened.manifest["username"], opened.manifest["counts"]["messages"]) == ("ann", 2)
    assert said.getvalue() == f"Wrote {file}, {file.stat().st_size:,} bytes.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ann.zip"]


def test_markdown(ann, tmp_path):
    conversation(ann)
    call_command("export_history", user="ann", into=tmp_path / "ann.zip", markdown=True, stdout=StringIO())
    assert sum(name.startswith("markdown/") for name in Opened((tmp_path / "ann.zip").read_bytes()).names) == 1


def test_nothing_is_overwritten(ann, tmp_path):
    (tmp_path / "ann.zip").write_text("mine")
    with pytest.raises(CommandError, match="exists already"):
        call_command("export_history", user="ann", into=tmp_path / "ann.zip")
    assert (tmp_path / "ann.zip").read_text() == "mine"


def test_who_and_where_must_exist(ann, tmp_path):
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        call_command("export_history", user="nobody", into=tmp_path / "a.zip")
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("export_history", user="ann", into=tmp_path / "none" / "a.zip")


def test_a_failure_leaves_nothing_behind(ann, tmp_path, monkeypatch):
    conversation(ann, messages=1)
    monkeypatch.setattr(writing, "DEFLATED", {**writing.DEFLATED, "compress_level": 99})
    with pytest.raises(ValueError, match="compress"):
        call_command("export_history", user="ann", into=tmp_path / "ann.zip")
    assert list(tmp_path.iterdir()) == []
