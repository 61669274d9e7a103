"""Regions of the world: which there are, what contains them, what they look like.

`regions` is the registry, `shapes` the outlines and credits, `projection` the plane of static maps;
`build_geometry` makes the vendored outlines again (developers only). `data/` holds the files people edit.
"""
