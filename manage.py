#!/usr/bin/env python
"""Django's command-line utility for operators."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError, ProgrammingError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "llmselect_project.settings")
    try:
        execute_from_command_line(sys.argv)
    except BrokenPipeError:  # whoever read, like `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where Python may flush what is left
        sys.exit(1)
    except ImproperlyConfigured as error:
        sys.exit(f"LLMSelect is not configured: {error}")
    except (OperationalError, InterfaceError, ProgrammingError) as error:
        if "--traceback" in sys.argv:
            raise
        said = " ".join(str(error).split())
        missing = "relation" in said or "no such table" in said
        hint = "run `manage.py migrate` first" if missing else "see DATABASE_URL; --traceback shows more"
        sys.exit(f"The database refuses: {said} ({hint}).")
