"""Waiting for another program: what several tests of servers do."""

import time

PATIENCE = 600


def until(question, seconds=PATIENCE):
    """Return the first answer that is true; a server that does not listen yet has none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := question():
                return answer
        except OSError:
            pass
        time.sleep(0.5)
    raise TimeoutError(f"not within {seconds} s")
