"""POST /api/v1/files: what is taken, what it is taken for, and what is refused."""

import hashlib
from uuid import UUID

import pytest

from conversations.models import StoredFile
from tests.conversations.files.helpers import FILES, GIF, JPEG, PDF, PNG, WEBP, folder, stored_contents, upload
from tests.helpers import error, invalid

HTML = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def test_it_stores_a_file(api, ann):
    response = upload(api, PNG, "holiday photo.png")
    row = StoredFile.objects.get()
    assert response.status_code == 201
    digest = hashlib.sha256(PNG).hexdigest()
    assert response.json() == {
        "id": str(row.pk),
        "name": "holiday photo.png",
        "size": len(PNG),
        "media_type": "image/png",
        "sha256": digest,
        "created_at": row.created_at.isoformat().replace("+00:00", "Z"),
    }
    stored = folder() / str(ann.pk) / digest[:2] / digest
    assert stored.read_bytes() == PNG
    assert stored.stat().st_mode & 0o777 == 0o600


def test_it_takes_a_body_as_it_is(api):
    response = api.post(f"{FILES}?name=cat.gif", GIF, content_type="image/gif")
    assert response.status_code == 201
    assert (response.json()["name"], response.json()["media_type"]) == ("cat.gif", "image/gif")
    named = api.post(
        FILES, b"{}", content_type="application/json", HTTP_CONTENT_DISPOSITION='attachment; filename="a.json"'
    )
    assert (named.json()["name"], named.json()["media_type"]) == ("a.json", "application/json")


@pytest.mark.parametrize(
    ("content", "name", "claimed", "kind"),
    [
        (PNG, "a.jpg", "image/jpeg", "image/png"),
        (JPEG, "a.txt", "text/plain", "image/jpeg"),
        (GIF, "x", "", "image/gif"),
        (WEBP, "a.webp", "image/webp", "image/webp"),
        (PDF, "a.png", "image/png", "application/pdf"),
        ("Grüße, 世界\n".encode(), "a.txt", "text/plain", "text/plain"),
        (b"# Title\n", "README.MD", "application/octet-stream", "text/markdown"),
        (b"a,b\n1,2\n", "t.csv", "text/csv", "text/csv"),
        (HTML, "page.html", "text/html", "text/plain"),
        (b"\x1b[1mbold\x1b[0m\n", "log", "", "text/plain"),
        # Polyglots are what they begin as, and are served as nothing else.
        (GIF + HTML, "a.html", "text/html", "image/gif"),
        (PDF + HTML, "a.html", "text/html", "application/pdf"),
    ],
)
def test_the_content_says_what_it_is(api, content, name, claimed, kind):
    response = upload(api, content, name, claimed)
    assert response.status_code == 201, response.content
    assert response.json()["media_type"] == kind


@pytest.mark.parametrize(
    ("content", "name", "claimed"),
    [
        (HTML, "a.png", "image/png"),
        (SVG, "a.svg", "image/svg+xml"),
        (b"GIF8", "a.gif", "image/gif"),
        (b"\x89PNG\r\n\x1a\n" + HTML, "a.png", "image/png"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a.wav", "audio/wav"),
        (b"PK\x03\x04\x14\x00", "a.zip", "application/zip"),
        (b"\x7fELF\x02\x01", "a", ""),
        ("Grüße".encode("latin-1"), "a.txt", "text/plain"),
        ("Text".encode("utf-16"), "a.txt", "text/plain"),
        (b"text\0", "a.txt", "text/plain"),
        (b"cut \xe4\xb8", "a.txt", "text/plain"),
        (b" %PDF-1.4", "a.pdf", "application/pdf"),
    ],
)
def test_other_contents_are_refused(api, ann, content, name, claimed):
    response = upload(api, content, name, claimed)
    assert response.status_code == 415
    assert response.json() == error(
        "unsupported_file",
        "The file is none of these: a PNG, JPEG, GIF or WebP image, a PDF, or a text in UTF-8.",
    )
    assert StoredFile.objects.count() == 0
    assert stored_contents(ann.pk) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("..", "file"),
        ("/", "file"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a" * 300 + ".png", "a" * 196 + ".png"),
        ("naïve 猫.png", "naïve 猫.png"),
    ],
)
def test_a_name_is_no_path(api, ann, given, kept):
    response = api.post(f"{FILES}?name={given.replace(chr(92), '%5C')}", PNG, content_type="image/png")
    assert response.status_code == 201
    assert response.json()["name"] == kept
    assert stored_contents(ann.pk) == [hashlib.sha256(PNG).hexdigest()]


def test_an_empty_file_is_refused(api):
    for response in (upload(api, b""), api.post(FILES, b"", content_type="image/png")):
        assert response.status_code == 400
        assert response.json() == error("empty_file", "The file is empty.")


def test_a_form_without_a_file_is_refused(api):
    expected = invalid(file="Send one file, as the field file of a form, or as the body.")
    for form in ({}, {"file": "text"}, {"other": "x"}):
        response = api.post(FILES, form, format="multipart")
        assert response.status_code == 400
        assert response.json() == expected
    broken = api.post(FILES, b"--", content_type="multipart/form-data")
    assert broken.status_code == 400
    assert broken.json()["error"] == "parse_error"


def test_a_large_file_is_refused(api, settings):
    settings.FILE_SIZE_LIMIT = 1_000
    assert upload(api, b"a" * 1_000, "a.txt", "text/plain").status_code == 201
    for response in (
        upload(api, b"a" * 1_001, "a.txt", "text/plain"),
        api.post(FILES, b"a" * 1_001, content_type="text/plain"),
    ):
        assert response.status_code == 413
        assert response.json() == error("file_too_large", "The file is larger than 1,000 bytes.", {"limit": 1_000})
    assert StoredFile.objects.count() == 1


def test_a_user_has_a_quota(api, bob_api, settings):
    settings.FILES_QUOTA = len(PNG) + 10
    assert upload(api).status_code == 201
    response = upload(api)
    assert response.status_code == 413
    assert response.json()["error"] == "file_quota_exceeded"
    assert response.json()["details"] == {"used": len(PNG), "quota": len(PNG) + 10}
    assert upload(bob_api).status_code == 201


def test_the_same_file_twice_is_stored_once(api, ann):
    first, second = upload(api).json(), upload(api, name="b.png").json()
    assert UUID(first["id"]) != UUID(second["id"])
    assert first["sha256"] == second["sha256"]
    assert len(stored_contents(ann.pk)) == 1


def test_nobody_can_tell_what_others_have_stored(api, bob_api, ann, bob):
    assert upload(api).status_code == upload(bob_api).status_code == 201
    assert stored_contents(ann.pk) == stored_contents(bob.pk)


def test_a_try_that_broke_off_is_written_again(api, ann):
    digest = hashlib.sha256(PNG).hexdigest()
    broken = folder() / str(ann.pk) / digest[:2] / digest
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"\0" * len(PNG))
    assert upload(api).status_code == 201
    assert broken.read_bytes() == PNG
    broken.unlink()  # lost later
    assert upload(api).status_code == 201
    assert broken.read_bytes() == PNG
