"""How the atlas looks: tables and geometry in, HTML, SVG and PNG out. No Dagster, no network."""
