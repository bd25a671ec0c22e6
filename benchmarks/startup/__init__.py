"""How fast programs start."""
