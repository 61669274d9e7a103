"""Pages: what a card says becomes rows, whatever a card says."""

from datetime import date

import pytest

from assets.ingest.hub.pages import PSEUDONYM, ROWS, PageError, named, pseudonyms, rows
from assets.places.actors import ActorKey
from tests.standins.hub import derived, model

KNOWN = ("Qwen", "meta-llama")
NAME = pseudonyms(KNOWN, ActorKey(b"k" * 32).hashed)


def _row(item):
    frame = rows([item], NAME)
    assert frame.schema == ROWS
    return frame.row(0, named=True)


def test_a_model_becomes_a_row():
    item = model(7, "Qwen", childrenModelCount={"finetune": 3, "quantized": 4}, disabled=True)
    assert _row(item) == {
        "hub_key": f"{7:024x}",
        "model_id": "Qwen/model-7",
        "account": "Qwen",
        "created_on": date(2024, 8, 8),
        "downloads_30d": 21,
        "downloads_all_time": 700,
        "likes": 7,
        "licence": "apache-2.0",
        "task": "text-generation",
        "parameters": 7_000_000_000,
        "removed": True,
        "children": 7,
        "parents": [],
    }


def test_what_is_absent_is_null_and_never_zero():
    row = _row({"id": "Qwen/bare"})
    assert row["hub_key"] == row["model_id"] == "Qwen/bare"
    nulls = ("created_on", "downloads_30d", "downloads_all_time", "likes", "licence", "task", "parameters")
    assert [row[name] for name in nulls] == [None] * len(nulls)


@pytest.mark.parametrize("count", [-1, 2**63])
def test_a_counter_that_none_can_have_is_null(count):
    assert _row(model(1, "Qwen", downloadsAllTime=count))["downloads_all_time"] is None


def test_parents_are_told_once_with_their_relation():
    both = derived(3, "Qwen", "meta-llama/Llama", "quantized")
    assert _row(both)["parents"] == [{"parent_id": "meta-llama/Llama", "relation": "quantized"}]
    plain = model(3, "Qwen", tags=["base_model:meta-llama/Llama", "base_model:adapter:Qwen/A", "base_model:finetune"])
    assert _row(plain)["parents"] == [
        {"parent_id": "Qwen/A", "relation": "adapter"},
        {"parent_id": "finetune", "relation": "unspecified"},
        {"parent_id": "meta-llama/Llama", "relation": "unspecified"},
    ]
    strange = model(3, "Qwen", tags=[7, None], baseModels={"relation": "stolen", "models": [{"id": "Qwen/A"}, 3]})
    assert _row(strange)["parents"] == [{"parent_id": "Qwen/A", "relation": "unspecified"}]


def test_accounts_outside_the_registry_are_pseudonyms_that_fit_each_other():
    row = _row(derived(3, "jane-doe", "Jane-Doe/base"))
    assert row["account"] != "jane-doe"
    assert "jane" not in str(row).lower()
    assert row["parents"][0]["parent_id"] == f"{row['account']}/base"
    assert rows([{"id": "jane-doe/x"}], NAME)["account"].str.contains(PSEUDONYM).all()
    assert pseudonyms(KNOWN, ActorKey(b"o" * 32).hashed)("jane-doe") != row["account"]
    assert NAME("qwen") == "Qwen"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("gpt2", "gpt2"),
        ("Qwen/A", "Qwen/A"),
        ("/disk/jane/models/base", "./base"),
        ("C:\\Users\\jane\\base", "./base"),
        ("./jane/base", "./base"),
        ("/", "./"),
    ],
)
def test_a_path_of_somebodys_disk_keeps_its_last_part_alone(written, told):
    assert named(written, NAME) == told


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"downloads": 1}, "item 1 has no id"),
        ({"id": 5}, "item 1: id is of type int, not str"),
        (model(1, "Qwen", downloads="many"), "item 1: downloads is of type str, not int"),
        (model(1, "Qwen", likes=True), "item 1: likes is of type bool, not int"),
        (model(1, "Qwen", tags={"a": 1}), "item 1: tags is of type dict, not list"),
    ],
)
def test_what_is_no_model_is_refused_without_quoting_it(item, said):
    with pytest.raises(PageError) as error:
        rows([item], NAME)
    assert str(error.value) == said
