"""A signal is acted upon whichever thread it reaches."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

# Its main thread sleeps in a lock, as a server's does; another thread is the one that the signal reaches.
PROGRAM = """
import signal, sys, threading, time
from llmselect_project.config.shutdown import before_kill, relay_signals

stopped = threading.Event()
{listen}
signal.signal(signal.SIGTERM, lambda *_: stopped.set())

def struck():
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep(60)

threading.Thread(target=struck, daemon=True).start()
stopped.wait()
print("stopped", flush=True)
{after}
"""


def started(listen="", after=""):
    program = textwrap.dedent(PROGRAM.format(listen=listen, after=after))
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=os.environ)


def test_the_main_thread_hears_what_another_was_told():
    process = started("relay_signals()")
    assert process.communicate(timeout=10)[0] == "stopped\n"


def test_without_it_nobody_would():
    process = started()
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=1.5)
    process.kill()
    process.communicate()


def test_there_is_time_to_act_before_the_end():
    listen = "before_kill(3.5, lambda: print('acting', flush=True))"
    begun = time.monotonic()
    process = started(listen, after="time.sleep(1.5)")
    assert process.communicate(timeout=10)[0] == "stopped\nacting\n"
    assert time.monotonic() - begun > 0.5


def test_a_second_signal_is_heard_as_well():
    after = "stopped.clear(); print('ready', flush=True); stopped.wait(); print('again', flush=True)"
    process = started("relay_signals()", after=after)
    assert [process.stdout.readline() for _ in range(2)] == ["stopped\n", "ready\n"]
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=10)[0] == "again\n"
