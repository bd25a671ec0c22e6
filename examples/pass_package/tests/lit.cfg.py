# Runs the tests of the pass: `lit tests`, where ospjit, this package, lit and filecheck are installed.
# ruff: noqa: F821  (lit defines `config`)

import os
import tempfile

import lit.formats

config.name = "mul-to-add"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(tempfile.gettempdir(), f"mul-to-add-{os.getuid()}")
config.environment["OSPJIT_VERIFY_EACH"] = "1"
if "PYTHONPATH" in os.environ:  # where the package is, if it is not installed beside ospjit
    config.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
