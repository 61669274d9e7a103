"""Entry point of Dagster's tools (``dg``, the web server, the daemon).

Here: nothing but the call, with the settings of the environment. Not here: the assembly (`pipelines/build.py`).
"""

import dagster as dg

from pipelines.build import build_defs


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the atlas, with the settings of the environment."""
    return build_defs()
