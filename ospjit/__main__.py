"""`python -m ospjit`: the command line. It must do nothing but hand over."""

from __future__ import annotations

import sys

from ospjit.cli.main import main

sys.exit(main())
