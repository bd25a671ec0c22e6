"""Names, inference, exhaustiveness: from the syntax tree to the elaborated core tree.

Reads `syntax`; yields `core`. It must never decorate or change the tree that it reads.
"""
