"""Printed documents are in step with the declarations they are printed from."""

from pathlib import Path

from assets.ingest.notice import notice
from assets.ingest.sources import load_sources
from assets.schemas import TABLES
from assets.schemas.dictionary import data_dictionary, frictionless_schema

ROOT = Path(__file__).parents[3]


def test_the_data_dictionary_is_in_step():
    printed = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert printed == data_dictionary(), "run 'atlas dictionary'"


def test_the_dictionary_names_every_column():
    text = data_dictionary()
    for table in TABLES.values():
        for column in table.column_names():
            assert f"| `{column}` |" in text


def test_notice_is_in_step_and_names_every_licence():
    printed = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert printed == notice(), "run 'atlas dictionary'"
    for source in load_sources().values():
        assert source.attribution in printed
        assert source.licence in printed


def test_frictionless_schemas_state_keys_and_enums():
    schema = frictionless_schema(TABLES["adoption/estimates"])
    assert schema["primaryKey"] == ["signal", "period", "region_id", "coding"]
    state = next(field for field in schema["fields"] if field["name"] == "state")
    assert state["constraints"]["enum"] == ["value", "zero", "suppressed", "not_observable", "not_observed"]
