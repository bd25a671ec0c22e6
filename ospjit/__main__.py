"""`python -m ospjit`, and what the launcher starts: a program whose code is cached is run at once, everything
else is handed over to the command line. It must import nothing for the former that it does not need.
"""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line that this process was started with and end the process."""
    from ospjit.cli.cached import run_cached

    run_cached(sys.argv[1:])
    from ospjit.cli.main import main

    sys.exit(main())


if __name__ == "__main__":
    run()
