"""`python -m ospjit.builtins.cheader OUT.h`: the C header with the prototypes of the one table.

The C sources that implement the functions include it, so that a prototype and its definition cannot differ.
"""

from __future__ import annotations

import sys

from ospjit.builtins.table import RUNTIME, abi_hash, c_prototype


def header() -> str:
    """The text of the header."""
    lines = [
        "/* Generated from the table of built-ins; do not edit.",
        " *",
        " * What compiled Osprey code calls. `char *` is an Osprey string; arguments are borrowed and",
        " * results owned by the caller unless the table says otherwise; a last `char **error` receives",
        " * an owned message on failure and is left alone on success. */",
        "#ifndef OSP_BUILTINS_H",
        "#define OSP_BUILTINS_H",
        "",
        "#include <stdbool.h>",
        "#include <stdint.h>",
        "",
        "typedef struct osp_ctx osp_ctx;",
        "/* Code that the runtime calls: `env` is its environment cell, `arg` depends on the caller. */",
        "typedef void (*osp_thunk)(osp_ctx *ctx, void *env, void *arg);",
        "",
        "#ifndef OSP_API",
        '#define OSP_API __attribute__((visibility("default")))',
        "#endif",
        "",
        f"#define OSP_ABI_HASH 0x{abi_hash():016x}ULL",
        "",
    ]
    lines += ["OSP_API " + c_prototype(RUNTIME[symbol]) for symbol in sorted(RUNTIME)]
    lines += ["", "#endif", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="ascii") as out:
        out.write(header())
