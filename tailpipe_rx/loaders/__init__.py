"""Artifact loaders: from an artifact to its unpacked bytes, in steps.

What an artifact is shows in its first bytes (`sniff`), never in its name. Each kind of packing is a module with one
generator, ``unpack(file, head, name)``, which yields pieces of at most `file.STEP` bytes and raises `Truncated` or
`Corrupt`, with the byte offset in the packed file, after all that came before the damage.
"""
