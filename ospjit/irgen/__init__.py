"""From the elaborated core tree to the `osp` dialect. Knows these two, no pass and no back end."""

from ospjit.irgen.program import generate

__all__ = ["generate"]
