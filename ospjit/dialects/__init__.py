"""The dialects: one file each, every operation with its verifier and its meaning in a line.

Importing this package registers them all. `osp` is ours and so is `rt`, the dialect of runtime calls; the
others use the names and the meanings of MLIR's own. Nothing here may import a pass or the back end.
"""

from __future__ import annotations

from . import arith, builtin, cf, func, math, osp, rt, scf

__all__ = ["arith", "builtin", "cf", "func", "math", "osp", "rt", "scf"]
