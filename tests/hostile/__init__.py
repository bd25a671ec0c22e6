"""Input that nobody sends by accident, thrown at a running server; servers that answer a client as badly."""
