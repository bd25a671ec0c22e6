"""Text to tokens to tree: the lexer, the classifier, the LALR(1) grammar and the syntax tree.

Everything here is about form. It must never look up a name or know a type.
"""
