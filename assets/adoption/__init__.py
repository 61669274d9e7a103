"""Adoption layer: the cube before and after estimation, and the checks on the signals themselves."""
