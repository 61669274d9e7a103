"""Entry point of Dagster's tools (``dg``, the web server, the daemon).

Here: nothing but the call, with the settings of the environment. Not here: the assembly (`pipelines/build.py`).
"""

import dagster as dg

from pipelines.build import build_defs
from pipelines.instance import write_history_quickly
from pipelines.settings import Settings


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the atlas, with the settings of the environment."""
    settings = Settings.load()
    write_history_quickly(settings)
    return build_defs(settings=settings)
