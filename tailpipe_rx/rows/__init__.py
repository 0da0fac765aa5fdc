"""Rows: an annotated class in, one JSON line out."""
