"""Operators: values that compose, compare, print and pickle, and never queue."""
