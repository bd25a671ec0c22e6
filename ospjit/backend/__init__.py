"""From the lowest dialects to a running process: LLVM IR as text, MCJIT, and the C runtime through ctypes.

Knows the dialects and the table; no pass, no syntax. LLVM and ctypes are loaded by the modules that need
them.
"""
