"""From the elaborated core tree to the `osp` dialect. Knows the tree and the dialect, no pass, no back end."""

from ospjit.irgen.program import generate

__all__ = ["generate"]
