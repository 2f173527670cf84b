"""A folder for uploads of a test's own, and how a test imports a file."""

import io
import json
import zipfile

import pytest

from perf.jobs.runner import run_all

URL = "/api/v1/imports"


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.IMPORT_FOLDER = tmp_path / "imports"
    return settings.IMPORT_FOLDER


def content_of(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def zipped(files, **more):
    """Make a ZIP of files by their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in files.items():
            archive.writestr(name, content_of(value), **more)
    return buffer.getvalue()


def upload(api, value, query=""):
    """Upload a file as the body, and return the answer."""
    return api.generic("POST", URL + query, content_of(value), content_type="application/octet-stream")


def imported(api, value, query=""):
    """Upload a file, have the job run, and return the import as it is shown then."""
    response = upload(api, value, query)
    assert response.status_code == 202, response.content
    assert run_all() >= 1
    return api.get(f"{URL}/{response.json()['id']}").json()


def chat(api, pk):
    """Return a conversation with its messages."""
    response = api.get(f"/api/v1/conversations/{pk}")
    assert response.status_code == 200
    return response.json()


def chats(api, query=""):
    return api.get(f"/api/v1/conversations{query}").json()["results"]
