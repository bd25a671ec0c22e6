"""How heavy an operation of the IR is, beside one of xDSL: `python -m benchmarks.ir`."""
