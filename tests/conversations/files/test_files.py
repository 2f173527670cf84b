"""GET and DELETE /api/v1/files: one's own, and their contents as browsers may have them."""

import hashlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import StoredFile
from tests.conversations.files.helpers import FILES, PDF, PNG, folder, stored_contents, upload, uploaded
from tests.helpers import error


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def test_it_lists_ones_own_newest_first(api, bob_api):
    first, second = upload(api).json(), upload(api, PDF, "b.pdf").json()
    upload(bob_api)
    page = api.get(f"{FILES}?page_size=1").json()
    assert page["results"] == [second]
    assert api.get(page["next"]).json()["results"] == [first]
    assert len(bob_api.get(FILES).json()["results"]) == 1


def test_a_list_takes_as_many_queries_for_many_files(api, ann):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"{FILES}?page_size=100").status_code == 200
        return len(captured)

    uploaded(api)
    one = queries()
    StoredFile.objects.bulk_create(
        StoredFile(user=ann, sha256="0" * 64, size=1, name="x", media_type="text/plain") for _ in range(99)
    )
    assert queries() == one <= 2


def test_it_shows_one(api):
    stored = upload(api).json()
    response = api.get(f"{FILES}/{stored['id']}")
    assert (response.status_code, response.json()) == (200, stored)


def test_an_image_is_shown_but_nothing_in_it_runs(api):
    pk = uploaded(api, PNG, 'a "b";\r\n.png')
    response = api.get(f"{FILES}/{pk}/content")
    assert response.status_code == 200
    assert body(response) == PNG
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Content-Length"] == str(len(PNG))
    assert response.headers["Content-Disposition"].startswith("inline; filename=")
    assert "\n" not in response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {"Authorization", "Cookie"} <= {name.strip() for name in response.headers["Vary"].split(",")}


@pytest.mark.parametrize(
    ("content", "name", "shown"),
    [
        (PDF, "a.pdf", "application/pdf"),
        (b"<script>alert(1)</script>", "a.html", "text/plain; charset=utf-8"),
        (b"{}", "a.json", "text/plain; charset=utf-8"),
    ],
)
def test_other_files_are_downloads(api, content, name, shown):
    response = api.get(f"{FILES}/{uploaded(api, content, name, '')}/content")
    assert body(response) == content
    assert response.headers["Content-Type"] == shown
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_copy_is_not_sent_again(api):
    pk = uploaded(api)
    etag = f'"{hashlib.sha256(PNG).hexdigest()}"'
    first = api.get(f"{FILES}/{pk}/content")
    assert (body(first), first.headers["ETag"]) == (PNG, etag)
    again = api.get(f"{FILES}/{pk}/content", HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content) == (304, b"")
    assert body(api.get(f"{FILES}/{pk}/content", HTTP_IF_NONE_MATCH='"other"')) == PNG


@pytest.mark.parametrize("path", ["", "/content"])
def test_those_of_others_are_not_found(api, bob_api, path):
    pk = uploaded(api)
    missing = bob_api.get(f"{FILES}/{'0' * 8}-0000-7000-8000-{'0' * 12}{path}")
    other = bob_api.get(f"{FILES}/{pk}{path}", HTTP_IF_NONE_MATCH="*")
    assert (other.status_code, other.json()) == (missing.status_code, missing.json())
    assert other.status_code == 404
    assert bob_api.delete(f"{FILES}/{pk}").status_code == 404
    assert api.get(f"{FILES}/{pk}").status_code == 200


def test_visitors_get_nothing(api, visitor):
    pk = uploaded(api)
    for path in (FILES, f"{FILES}/{pk}", f"{FILES}/{pk}/content"):
        assert visitor.get(path).status_code == 401
    assert upload(visitor).status_code == 401


def test_a_content_that_is_lost_says_so(api, ann):
    pk = uploaded(api)
    digest = hashlib.sha256(PNG).hexdigest()
    (folder() / str(ann.pk) / digest[:2] / digest).unlink()
    response = api.get(f"{FILES}/{pk}/content")
    assert response.status_code == 404
    assert response.json() == error("not_found", "The server no longer has the content of this file.")


@pytest.mark.django_db(transaction=True)
def test_it_deletes_a_file_with_its_content(api, ann):
    one, other = uploaded(api), uploaded(api)
    assert api.delete(f"{FILES}/{one}").status_code == 204
    assert len(stored_contents(ann.pk)) == 1  # of the other
    assert api.delete(f"{FILES}/{one}").status_code == 404
    assert api.delete(f"{FILES}/{other}").status_code == 204
    assert stored_contents(ann.pk) == []
