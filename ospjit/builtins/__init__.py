"""The one table of built-ins and runtime functions, and what is derived from it.

At the bottom of the house: every room may read it, it reads none. It must import nothing but the standard
library, because the C build runs it before anything is installed.
"""
