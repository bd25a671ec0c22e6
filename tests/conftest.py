"""What holds for all tests. Must come before anything that loads the C runtime into this process."""

from __future__ import annotations

import os
import signal
import tempfile

# The runtime counts its objects from the moment it is loaded, by whichever test comes first in a process, or
# not at all.
os.environ.setdefault("OSPJIT_COUNT_CELLS", "1")

# Every test compiles what it runs: code from an earlier run would hide what the compiler does now. The tests
# of the cache switch it on for themselves, each with a folder of its own; nobody's real one is touched.
os.environ["OSPJIT_CACHE"] = "0"
os.environ["OSPJIT_CACHE_DIR"] = os.path.join(tempfile.gettempdir(), f"ospjit-no-cache-{os.getpid()}")

# A script's shell starts what it puts into the background with interrupts ignored, and children inherit that:
# the tests that interrupt programs need them to be as usual.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
