"""Why a file is not stored, or not deleted."""

from rest_framework import status
from rest_framework.exceptions import APIException


class EmptyFile(APIException):
    """The file has no content."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "empty_file"
    default_detail = "The file is empty."


class FileTooLarge(APIException):
    """The file is larger than one may be; `details` has the limit in bytes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "file_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The file is larger than {limit:,} bytes.")
        self.details = {"limit": limit}


class FileQuotaExceeded(APIException):
    """The user's files would be more than all of a user's may be; `details` has both numbers in bytes."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "file_quota_exceeded"

    def __init__(self, *, used: int, quota: int) -> None:
        super().__init__(
            f"Your files have {used:,} of {quota:,} bytes that they may have, and this one does not fit: delete some."
        )
        self.details = {"used": used, "quota": quota}


class FilesUnavailable(APIException):
    """The disk or the server that holds the contents is full, or takes nothing."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "files_unavailable"
    default_detail = "The file could not be stored; try again in a moment."
    wait = 5


class UnsupportedFile(APIException):
    """The content is of no kind that models are sent."""

    status_code = status.HTTP_415_UNSUPPORTED_MEDIA_TYPE
    default_code = "unsupported_file"
    default_detail = "The file is none of these: a PNG, JPEG, GIF or WebP image, a PDF, or a text in UTF-8."


class FileInUse(APIException):
    """A message or comparison shows the file."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "file_in_use"
    default_detail = "A message or a comparison shows this file; it is deleted with the last of them."
