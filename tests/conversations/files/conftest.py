"""An empty folder for the files of each test."""

import shutil

import pytest

from tests.conversations.files.helpers import folder


@pytest.fixture(autouse=True)
def empty_folder():
    shutil.rmtree(folder(), ignore_errors=True)
    yield
    shutil.rmtree(folder(), ignore_errors=True)
