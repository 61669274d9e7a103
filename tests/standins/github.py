"""A stand-in for GitHub: made-up people and repositories behind GitHub's own GraphQL schema.

It executes every query against the official schema, so that a query which GitHub would refuse cannot pass here.
Nobody in its world exists. Start it by hand: ``python tests/standins/github.py --repositories 300 --forks 30000``.
"""

import argparse
import hashlib
import json
import lzma
import random
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from graphql import GraphQLError, build_schema, execute, parse, validate

from tests.standins.web import Answer, StandIn, Status

SCHEMA = Path(__file__).parent / "github_schema"
TOKEN = "ghp_StandInTokenThatMustNeverBeWritten0042"  # noqa: S105 - opens nothing
START = datetime(2025, 1, 1, tzinfo=UTC)
LATEST = datetime(2026, 11, 20, tzinfo=UTC)
CURSOR = "Y3Vyc29yOnYyOp"

PLACES = {
    "NG": ("Lagos, Nigeria", "Ikeja, Lagos", "Abuja, Nigeria", "Nigeria"),
    "ID": ("Jakarta", "Jakarta Selatan, Indonesia", "Bandung, Indonesia", "🇮🇩"),
    "PE": ("Lima, Peru", "Lima, Perú", "Arequipa, Perú"),
    "CN": ("Beijing, China", "上海", "Shenzhen", "杭州"),
    "US": ("San Francisco, CA", "New York, NY", "Austin, Texas", "Seattle, WA", "United States"),
    "IN": ("Bengaluru, India", "Hyderabad, India", "Pune, India"),
    "BR": ("São Paulo, Brasil", "Rio de Janeiro, Brazil"),
    "DE": ("Berlin, Germany", "München, Deutschland"),
    "FR": ("Paris, France", "Lyon, France"),
    "GB": ("London, UK", "Manchester, England"),
    "KE": ("Nairobi, Kenya",),
    "GH": ("Accra, Ghana",),
    "EG": ("Cairo, Egypt", "القاهرة"),
    "ZA": ("Cape Town, South Africa", "Johannesburg, South Africa"),
    "MX": ("Ciudad de México", "Guadalajara, Mexico"),
    "AR": ("Buenos Aires, Argentina",),
    "CO": ("Bogotá, Colombia",),
    "CL": ("Santiago, Chile",),
    "JP": ("東京", "Osaka, Japan"),
    "KR": ("Seoul, South Korea", "서울"),
    "VN": ("Hanoi, Vietnam", "Ho Chi Minh City, Vietnam"),
    "TH": ("Bangkok, Thailand",),
    "MY": ("Kuala Lumpur, Malaysia",),
    "PH": ("Manila, Philippines",),
    "SG": ("Singapore",),
    "PK": ("Lahore, Pakistan", "Karachi, Pakistan"),
    "BD": ("Dhaka, Bangladesh",),
    "TR": ("Istanbul, Turkey", "Ankara, Türkiye"),
    "RU": ("Moscow, Russia", "Санкт-Петербург"),
    "UA": ("Kyiv, Ukraine",),
    "PL": ("Warsaw, Poland",),
    "ES": ("Madrid, Spain", "Barcelona, España"),
    "IT": ("Milano, Italia",),
    "NL": ("Amsterdam, The Netherlands",),
    "SE": ("Stockholm, Sweden",),
    "AU": ("Sydney, Australia",),
    "NZ": ("Auckland, New Zealand",),
    "CA": ("Toronto, Canada", "Montréal, Québec"),
    "MA": ("Casablanca, Morocco",),
    "TZ": ("Dar es Salaam, Tanzania",),
    "ET": ("Addis Ababa, Ethiopia",),
    "SN": ("Dakar, Sénégal",),
    "LK": ("Colombo, Sri Lanka",),
    "NP": ("Kathmandu, Nepal",),
    "IR": ("Tehran, Iran",),
    "SA": ("Riyadh, Saudi Arabia",),
    "AE": ("Dubai, UAE",),
    "IL": ("Tel Aviv, Israel",),
}
NOWHERE = (None, "", "Earth", "the cloud ☁️", "127.0.0.1", "here and there")
OFFSETS = {"NG": 60, "ID": 420, "PE": -300, "CN": 480, "US": -420, "IN": 330, "BR": -180, "NP": 345, "JP": 540}


@cache
def sdl() -> str:
    """Return the official schema, its hash verified."""
    text = lzma.decompress((SCHEMA / "schema.graphql.xz").read_bytes())
    source = json.loads((SCHEMA / "SOURCE.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(text).hexdigest() == source["sha256"], "the vendored schema was changed"
    return text.decode()


@cache
def schema():
    """Return the official schema, built once a process."""
    return build_schema(sdl(), assume_valid=True)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class World:
    """Repositories, their forks and commits, and the people behind them; made from a seed."""

    def __init__(self, *, repositories=12, forks=1_200, commits=40, people=None, names=None, seed=7):
        self.random = random.Random(seed)  # noqa: S311 - a made-up world
        self.people = [self._person(number) for number in range(people or max(60, forks // 2))]
        names = names or [f"standin-owner{number % 7}/standin-model-{number}" for number in range(repositories)]
        self.repositories = {}
        self.moved = {}
        self._forks = 5_000_000
        weights = [1 / (rank + 1) for rank in range(len(names))]
        for rank, name in enumerate(names):
            count = round(forks * weights[rank] / sum(weights))
            self.repositories[name] = {
                "databaseId": 900_000 + rank,
                "stars": 10 * count,
                "archived": False,
                "restricted": False,
                "error": None,
                "forks": [],
                "commits": [],
            }
            for _ in range(count):
                self.fork(name, START + timedelta(seconds=self.random.randrange(int((LATEST - START).total_seconds()))))
            for _ in range(commits):
                self.commit(name, START + timedelta(minutes=self.random.randrange(int((LATEST - START).days * 1440))))

    def _person(self, number):
        country = self.random.choice(list(PLACES))
        text = self.random.choice(PLACES[country])
        kind = self.random.choices(("User", "Organization", "bot"), (92, 6, 2))[0]
        return {
            "__typename": "Organization" if kind == "Organization" else "User",
            "databaseId": 70_000_000 + number,
            "login": f"standin-person-{number}" + ("[bot]" if kind == "bot" else ""),
            "name": f"Quillon Featherby {number}",
            "location": text if self.random.random() < 0.75 else self.random.choice(NOWHERE),
            "country": country,
        }

    def fork(self, name, moment, owner=None):
        """Add a fork to a repository."""
        self._forks += 1
        repository = self.repositories[name]
        owner = owner or self.random.choice(self.people)
        repository["forks"].append({"databaseId": self._forks, "createdAt": stamp(moment), "owner": owner})
        repository["forks"].sort(key=lambda fork: (fork["createdAt"], fork["databaseId"]), reverse=True)

    def commit(self, name, moment, author=None):
        """Add a commit to a repository's default branch."""
        author = author or self.random.choice([one for one in self.people if one["__typename"] == "User"])
        minutes = OFFSETS.get(author["country"], 0)
        sign = "-" if minutes < 0 else "+"
        local = (moment + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")
        self.repositories[name]["commits"].append(
            {
                "committedDate": stamp(moment),
                "committedViaWeb": self.random.random() < 0.1,
                "author": {
                    "date": f"{local}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
                    "user": author if self.random.random() < 0.9 else None,
                },
            }
        )
        self.repositories[name]["commits"].sort(key=lambda commit: commit["committedDate"], reverse=True)

    def rename(self, old, new):
        """Move a repository; the old name leads to it still."""
        self.repositories[new] = self.repositories.pop(old)
        self.moved[old] = new

    def secrets(self):
        """Return every text that must not be in any file: token, logins, names, and locations of two words."""
        yield TOKEN
        for person in self.people:
            yield person["login"]
            yield person["name"]
            if person["location"] and len(person["location"]) > 8:
                yield person["location"]


def _window(items, first, after):
    if not isinstance(first, int) or not 1 <= first <= 100:
        raise GraphQLError("first must be 1 to 100", extensions={"type": "EXCESSIVE_PAGINATION"})
    start = 0
    if after is not None:
        if not after.startswith(CURSOR):
            raise GraphQLError("no such cursor", extensions={"type": "INVALID_CURSOR_ARGUMENTS"})
        start = int(after.removeprefix(CURSOR))
    end = start + first
    page = {"hasNextPage": end < len(items), "endCursor": f"{CURSOR}{end}" if items[start:end] else None}
    return items[start:end], page


def stars_by_week(stars, weeks, last=datetime(2026, 11, 15, tzinfo=UTC)):
    """Return the history of a repository: its stars spread over weeks, newest first."""
    shares = [stars // weeks + (number < stars % weeks) for number in range(weeks)]
    return [
        {"week": int((last - timedelta(weeks=number)).timestamp()), "total": total, "days": [total, 0, 0, 0, 0, 0, 0]}
        for number, total in enumerate(shares)
    ]


class GitHub:
    """Answers queries on a world, and keeps count.

    Args:
        world: Who and what there is.
        points: Points an hour.
    """

    def __init__(self, world, *, points=5_000):
        self.world = world
        self.points = points
        self.remaining = points
        self.reset = time.time() + 3_600
        self.queries = []

    def _rate(self, _info, **_given):
        moment = datetime.fromtimestamp(self.reset, UTC)
        used = self.points - self.remaining
        return {
            "cost": 1, "limit": self.points, "remaining": self.remaining, "used": used, "nodeCount": 100,
            "resetAt": stamp(moment),
        }  # fmt: skip

    def _repository(self, _info, owner, name, followRenames=True):  # noqa: N803, FBT002
        full = f"{owner}/{name}"
        if followRenames:
            full = self.world.moved.get(full, full)
        found = self.world.repositories.get(full)
        if found is None or found["error"] == "NOT_FOUND":
            raise GraphQLError(f"Could not resolve to a Repository '{full}'.", extensions={"type": "NOT_FOUND"})
        if found["error"]:
            raise GraphQLError("no access", extensions={"type": found["error"]})
        return {
            "databaseId": found["databaseId"],
            "nameWithOwner": full,
            "forkCount": len(found["forks"]),
            "stargazerCount": found["stars"],
            "isArchived": found["archived"],
            "isDisabled": False,
            "forks": lambda _info, **given: self._forks(found, **given),
            "defaultBranchRef": self._branch(found),
        }

    @staticmethod
    def _forks(found, first=None, after=None, **_given):
        if found["restricted"]:
            return {"totalCount": len(found["forks"]), "nodes": [], "pageInfo": {"hasNextPage": False}}
        nodes, page = _window(found["forks"], first, after)
        return {"totalCount": len(found["forks"]), "nodes": nodes, "pageInfo": page}

    @staticmethod
    def _branch(found):
        if not found["commits"]:
            return None

        def history(_info, first=None, after=None, since=None, **_given):
            commits = [one for one in found["commits"] if one["committedDate"] >= (since or "")]
            nodes, page = _window(commits, first, after)
            return {"totalCount": len(commits), "nodes": nodes, "pageInfo": page}

        return {"target": {"__typename": "Commit", "history": history}}

    def execute(self, query, variables):
        """Return the body of the answer to a query, as GitHub would write it."""
        self.queries.append((query.split("(")[0].split()[-1], variables))
        try:
            document = parse(query)
        except GraphQLError as error:
            return {"errors": [{"message": error.message}]}
        problems = validate(schema(), document)
        if problems:
            return {"errors": [{"message": problem.message, "type": "INVALID"} for problem in problems]}
        self.remaining -= 1
        root = {
            "repository": self._repository,
            "rateLimit": self._rate,
            "viewer": {"__typename": "User"},
        }
        result = execute(schema(), document, root, variable_values=variables)
        body = {"data": result.data}
        if result.errors:
            body["errors"] = [
                {
                    "message": error.message,
                    "path": error.path,
                    "type": (error.extensions or {}).get("type", "INTERNAL"),
                }
                for error in result.errors
            ]
        return body

    def answer(self, asked):
        """Answer a request of HTTP; without a token it is refused."""
        if asked.headers.get("authorization") != f"bearer {TOKEN}":
            return Answer(status=401, body=b'{"message": "Bad credentials"}')
        if asked.path.startswith("/repos/"):
            return self._stars(asked)
        given = json.loads(asked.body)
        body = self.execute(given["query"], given.get("variables"))
        headers = {
            "X-RateLimit-Limit": str(self.points),
            "X-RateLimit-Remaining": str(max(0, self.remaining)),
            "X-RateLimit-Reset": str(int(self.reset)),
        }
        return Answer(body=json.dumps(body, ensure_ascii=False).encode(), headers=headers)

    def _stars(self, asked):
        """Answer with a page of 30 weeks of a repository's stars, newest first, as the REST interface does."""
        name = asked.path.removeprefix("/repos/").removesuffix("/stargazers/history")
        found = self.world.repositories.get(self.world.moved.get(name, name))
        if found is None or not asked.path.endswith("/stargazers/history"):
            return Answer(b'{"message": "Not Found"}', 404)
        page = int(asked.params.get("page", "1"))
        weeks = [] if found["restricted"] else stars_by_week(found["stars"], found.get("weeks", 70))
        shown = weeks[30 * (page - 1) : 30 * page]
        body = json.dumps(shown).encode()
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:12]}"'}
        if 30 * page < len(weeks):
            headers["Link"] = f'<https://api.github.com{asked.path}?page={page + 1}>; rel="next"'
        if asked.headers.get("if-none-match") == headers["ETag"]:
            return Answer(b"", 304, headers=headers)
        return Answer(body, headers=headers)

    def serve(self, *, port=0):
        """Return a server of this GitHub; use it as a context manager."""
        return StandIn(self.answer, port=port)


SECONDARY = Status(
    403,
    json.dumps({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}).encode(),
    headers={"Retry-After": "7"},
)
SECONDARY_OK = Status(200, SECONDARY.body, headers={"Retry-After": "7"})
SPENT = Status(
    200,
    json.dumps({"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}).encode(),
    headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 120)},
)
HEAVY = Status(
    200,
    json.dumps(
        {
            "data": {"repository": None},
            "errors": [{"type": "RESOURCE_LIMITS_EXCEEDED", "path": ["repository"], "message": "Resource limits"}],
        }
    ).encode(),
)
BAD_GATEWAY = Status(502, b"<html><title>502 Bad Gateway</title></html>", content_type="text/html")
DMCA = Status(451, json.dumps({"message": "Repository access blocked", "block": {"reason": "dmca"}}).encode())
TERMS = Status(403, json.dumps({"message": "Repository access blocked", "block": {"reason": "tos"}}).encode())


def main():
    """Serve a made-up GitHub until interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=8041)
    parser.add_argument("--repositories", type=int, default=300)
    parser.add_argument("--forks", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    github = GitHub(World(repositories=given.repositories, forks=given.forks, seed=given.seed))
    with github.serve(port=given.port) as server:
        print(f"ATLAS_GITHUB_URL={server.url}/graphql GITHUB_TOKEN={TOKEN}")  # noqa: T201
        try:
            while True:
                time.sleep(3_600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
