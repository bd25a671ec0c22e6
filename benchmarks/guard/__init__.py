"""Instruction counts that must not grow."""
