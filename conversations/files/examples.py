"""Requests and answers of files, for the documentation."""

from perf.api.examples import answered

FILE = {
    "id": "019aca8d-96d9-711e-a97b-13ad0fb5731a",
    "name": "diagram.png",
    "size": 70,
    "media_type": "image/png",
    "sha256": "3eb10792d1f0c7e07e7248273540f1952d9a5a2996f4b5df70ab026cd9f05517",
    "created_at": "2026-11-28T09:30:00.110086Z",
}

LIST = [answered(FILE)]
SHOWN = [answered(FILE)]
STORED = [answered(FILE, status=201)]
