"""Layer of the atlas."""
