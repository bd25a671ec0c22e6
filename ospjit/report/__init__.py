"""A report of one compilation as a single web page: source, every pass, and what became of each operation.

The page needs no server, no network and no other file. What is shown is recorded while the passes run.
"""
