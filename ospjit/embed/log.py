"""The logger that everything here writes to."""

from __future__ import annotations

import logging

log = logging.getLogger("ospjit")
