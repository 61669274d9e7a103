"""Places: where in the world something is."""
