"""Publish layer: maps, site and open data."""
