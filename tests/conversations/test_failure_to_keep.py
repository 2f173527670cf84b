"""A stream whose result cannot be stored ends with an error that says so."""

import pytest
from django.db import OperationalError

from conversations.streams import failure_to_keep


def raising(error):
    def finish():
        raise error

    return finish


def test_what_is_stored_is_no_failure():
    assert failure_to_keep(lambda: None) is None


@pytest.mark.parametrize(
    ("error", "code"), [(OperationalError("disk full"), "database_unavailable"), (OverflowError(), "server_error")]
)
def test_every_failure_has_its_code(error, code):
    failure = failure_to_keep(raising(error))
    assert (failure.get_codes(), str(failure.detail)) == (code, "What has arrived could not be stored.")
