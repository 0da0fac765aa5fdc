"""From a stream of artifacts to chunks of enriched rows, and the events that tell of it."""
