"""Queries: every text that the atlas sends to GitHub's GraphQL interface.

Here: the texts and what varies in them. Not here: sending (`client.py`), reading answers (`rows.py`).

They ask for an account's number, kind, login and location, and for nothing else of it; the login tells bots from
people and, like the location, does not leave memory. Tests validate each text against GitHub's published schema.
"""

from collections.abc import Sequence
from typing import Final

COUNTS_A_QUERY: Final = 50
"""Repositories whose counts one query asks for; it costs one point."""

FORKS: Final = """
query Forks($owner: String!, $name: String!, $first: Int!, $after: String) {
  rateLimit { cost limit remaining resetAt }
  repository(owner: $owner, name: $name, followRenames: true) {
    databaseId
    forks(first: $first, after: $after, privacy: PUBLIC, orderBy: {field: CREATED_AT, direction: DESC}) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        databaseId
        createdAt
        owner {
          __typename
          login
          ... on User { databaseId location }
          ... on Organization { databaseId location }
        }
      }
    }
  }
}
"""
"""One page of the direct public forks of a repository, newest first."""

COMMITS: Final = """
query Commits($owner: String!, $name: String!, $first: Int!, $after: String, $since: GitTimestamp) {
  rateLimit { cost limit remaining resetAt }
  repository(owner: $owner, name: $name, followRenames: true) {
    databaseId
    defaultBranchRef {
      target {
        __typename
        ... on Commit {
          history(first: $first, after: $after, since: $since) {
            totalCount
            pageInfo { hasNextPage endCursor }
            nodes {
              committedDate
              committedViaWeb
              author { date user { databaseId login location } }
            }
          }
        }
      }
    }
  }
}
"""
"""One page of the commits of a repository's default branch, newest first.

``author.date`` keeps the author's UTC offset; ``committedDate`` is UTC.
"""

WHO: Final = "query Who { viewer { __typename } rateLimit { cost limit remaining resetAt } }"
"""The smallest query that a token is needed for."""


def counts_query(repositories: int) -> str:
    """Return the query for counts of so many repositories: aliases ``r0``, ``r1``, … with variables ``o0``, ``n0``, ….

    Raises:
        ValueError: The number is not 1 to 50.
    """
    if not 1 <= repositories <= COUNTS_A_QUERY:
        raise ValueError(f"A query of counts takes 1 to {COUNTS_A_QUERY} repositories, not {repositories}.")
    numbers = range(repositories)
    declared = ", ".join(f"$o{number}: String!, $n{number}: String!" for number in numbers)
    fields = "\n".join(
        f"  r{number}: repository(owner: $o{number}, name: $n{number}, followRenames: true) {{\n"
        "    databaseId nameWithOwner forkCount stargazerCount isArchived isDisabled\n"
        "  }"
        for number in numbers
    )
    return f"query Counts({declared}) {{\n  rateLimit {{ cost limit remaining resetAt }}\n{fields}\n}}\n"


def counts_variables(names: Sequence[str]) -> dict[str, str]:
    """Return the variables of ``counts_query`` for repositories named ``owner/name``."""
    variables = {}
    for number, name in enumerate(names):
        variables[f"o{number}"], _, variables[f"n{number}"] = name.partition("/")
    return variables
