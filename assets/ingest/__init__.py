"""Ingest layer: the sources' figures in the atlas's own tables, from the embedded snapshot or from live sources."""
