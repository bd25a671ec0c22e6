# Lets LLVM's test runner run the `*.mlir` tests here: `lit tests/ir`. pytest runs the same lines by itself,
# in one process; nothing may stand here that those runs would need.
# ruff: noqa: F821  (lit defines `config`)

import os
import sys
import tempfile

import lit.formats

config.name = "ospjit-ir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(tempfile.gettempdir(), f"ospjit-lit-{os.getuid()}")
config.environment["OSPJIT_VERIFY_EACH"] = "1"
config.substitutions.append((r"\bospjit opt\b", f"{sys.executable} -m ospjit opt"))
config.substitutions.append((r"\bfilecheck\b", f"{sys.executable} -m filecheck"))
