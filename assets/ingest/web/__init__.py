"""The web as the atlas meets it: one polite client for every live source that has no client library of its own."""
