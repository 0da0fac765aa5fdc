"""Artifact extractors: from the bytes of an artifact to records, and from records to rows.

What cuts an artifact (`json`, `lines`, `delimited`) yields batches; what looks at one line (`regex`) works on those.
"""
