"""Downloads of PyPI packages by country, from ClickHouse's public tables."""
