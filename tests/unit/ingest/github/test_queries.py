"""Every production query is one that GitHub's own schema accepts, and asks for nothing personal beyond need."""

import pytest
from graphql import parse, validate

from assets.ingest.github import queries
from tests.standins.github import schema

TEXTS = {
    "forks": queries.FORKS,
    "commits": queries.COMMITS,
    "who": queries.WHO,
    "one count": queries.counts_query(1),
    "fifty counts": queries.counts_query(50),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_schema_accepts_every_query(name):
    assert validate(schema(), parse(TEXTS[name])) == []


def test_the_schema_refuses_what_does_not_exist():
    assert validate(schema(), parse("{ repository(owner: 1) { located } }"))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("field", ["email", "bio", "company", " name\n", "avatarUrl", "websiteUrl", "stargazers"])
def test_no_query_asks_for_more_of_a_person(name, field):
    assert field not in TEXTS[name]


def test_counts_take_1_to_50_repositories():
    assert queries.counts_query(2).count("repository(") == 2
    for wrong in (0, 51):
        with pytest.raises(ValueError, match=f"1 to 50 repositories, not {wrong}"):
            queries.counts_query(wrong)


def test_names_go_into_variables_and_not_into_the_text():
    assert queries.counts_variables(["QwenLM/Qwen3", 'a"b/c']) == {
        "o0": "QwenLM",
        "n0": "Qwen3",
        "o1": 'a"b',
        "n1": "c",
    }
