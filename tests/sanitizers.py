"""Whether the runtime under test is built with a sanitizer, as by `cruntime/run-with address` and `thread`.

Only tests of what such a build cannot be, hardened or small, may ask.
"""

from __future__ import annotations

import os

import pytest

SANITIZED = "san.so" in os.environ.get("LD_PRELOAD", "")

needs_release_build = pytest.mark.skipif(SANITIZED, reason="the runtime is built with a sanitizer")
