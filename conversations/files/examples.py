"""Requests and answers of files, for the documentation."""

from drf_spectacular.utils import OpenApiExample

from perf.api.examples import answered

TEXT = "Hello\n"
FILE = {
    "id": "019aca8d-96d9-711e-a97b-13ad0fb5731a",
    "name": "hello.txt",
    "size": 6,
    "media_type": "text/plain",
    "sha256": "66a045b452102c59d840ec097d59d9467e13a3f34f6494e539ffd32c1bb35f18",
    "created_at": "2026-11-28T09:30:00.110086Z",
}

LIST = [answered(FILE)]
SHOWN = [answered(FILE)]
STORED = [
    OpenApiExample("Request", value=TEXT, request_only=True, media_type="text/plain"),
    answered(FILE, status=201),
]
CONTENT = [answered(TEXT, media_type="text/plain")]
