"""From the elaborated core tree to the `osp` dialect. Knows the tree and the dialect, no pass and no back end."""

from ospjit.irgen.program import generate

__all__ = ["generate"]
