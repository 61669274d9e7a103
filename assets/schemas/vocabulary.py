"""The closed vocabularies of the tables: DESIGN's glossary as values.

Here: words that appear as values in more than one table. Not here: words of a single column.
"""

from typing import Final

SIGNALS: Final = (
    "survey_use",
    "model_download",
    "fork",
    "contribution",
    "package_download",
    "derivative",
)
LEVELS: Final = ("world", "subregion", "country", "admin1", "metro")
CODINGS: Final = ("publisher", "weights", "control")
ORIGINS: Final = ("CN", "US", "other", "unknown")
EVIDENCE: Final = ("logged", "declared", "inferred", "modelled")
STATES: Final = ("value", "zero", "suppressed", "not_observable", "not_observed")
RELATIONS: Final = ("finetune", "quantized", "adapter", "merge", "unspecified")
PLATFORMS: Final = ("huggingface", "modelscope")
DOWNLOAD_DEFINITIONS: Final = ("rolling_30d", "all_time", "in_window")
ORIGIN_METHODS: Final = (
    "registry",
    "registry_unreviewed",
    "declared_parents",
    "architecture",
    "name_pattern",
    "no_single_base",
    "not_in_registry",
    "unaffiliated_user",
    "local_path",
    "repackager_without_parents",
    "lineage_not_observed",
)
