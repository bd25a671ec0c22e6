"""Whether the runtime under test is built with a sanitizer, as by `cruntime/run-with address` and `thread`.

Only tests of what such a build cannot be, hardened or small, may ask.
"""

from __future__ import annotations

import os

import pytest

_PRELOADED = os.environ.get("LD_PRELOAD", "")

SANITIZED = "san.so" in _PRELOADED

needs_release_build = pytest.mark.skipif(SANITIZED, reason="the runtime is built with a sanitizer")

#: The library of ThreadSanitizer, preloaded into every child, crashes the shell that commands are run by.
SHELL_CRASHES = "libtsan.so" in _PRELOADED
