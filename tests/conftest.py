"""What holds for all tests. Must come before anything that loads the C runtime into this process."""

from __future__ import annotations

import os

# The runtime counts its objects from the moment it is loaded, by whichever test comes first in a process, or
# not at all.
os.environ.setdefault("OSPJIT_COUNT_CELLS", "1")
