"""Embedded tables, built by ``scripts/build_embedded.py``."""
