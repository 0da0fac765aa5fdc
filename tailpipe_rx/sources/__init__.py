"""Artifact sources: frozen config values that are Observables of artifacts."""
