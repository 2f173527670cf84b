"""`manage.py` itself."""

import os
import subprocess
import sys


def test_a_reader_who_has_seen_enough_gets_no_traceback():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "manage.py", "spectacular"], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
