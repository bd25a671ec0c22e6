"""From source text to running code: the stages in order, each of whose products can be printed.

Above the stages and below the command line and the embedding: it knows every stage, none of them knows it.
"""
