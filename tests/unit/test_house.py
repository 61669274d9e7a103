"""The rules of the house: which way imports run, who may know Dagster, what names and texts are out of place."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ORDER = ("maps", "assets", "pipelines")
"""Lower floors first; a module imports from its own floor and those before it."""

DAGSTER_MODULES = re.compile(
    r"pipelines/.*|assets/([a-z]+/)+([a-z]+_)?assets\.py|assets/(partitions|checks|declare|run)\.py", re.ASCII
)
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "shared", "lib", "core"}

REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|--(extra-)?index-url[ =]http", re.ASCII)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(root|home/[a-z]+|Users/[a-z]+|work/(main|shared))/|file:///opt", re.ASCII)
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".lock", ".json", ".js", ".css", ".html", ".csv", ".txt", ""}

MODULES = {
    path.relative_to(PROJECT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for floor in ORDER
    for path in sorted((PROJECT / floor).rglob("*.py"))
}


def _imports(tree):
    """Yield the full names of everything that a module imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def _imported():
    return [(name, imported) for name, tree in MODULES.items() for imported in _imports(tree)]


def _tracked_texts():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=PROJECT, capture_output=True, text=True, check=True)
    for name in done.stdout.splitlines():
        path = PROJECT / name
        if path.suffix in TEXT_SUFFIXES and path.is_file() and path != Path(__file__):
            yield name, path.read_text(encoding="utf-8", errors="replace")


def test_every_floor_is_looked_at():
    assert {name.partition("/")[0] for name in MODULES} == set(ORDER)


def test_imports_run_downwards():
    floors = {floor: number for number, floor in enumerate(ORDER)} | {"tests": 9, "benchmarks": 9}
    wrong = [
        f"{name} imports {imported}"
        for name, imported in _imported()
        if floors.get(imported.partition(".")[0], 0) > floors[name.partition("/")[0]]
    ]
    assert not wrong


def test_imports_are_absolute():
    assert not [f"{name} imports {imported}" for name, imported in _imported() if imported.startswith(".")]


def test_only_assets_and_pipelines_know_dagster():
    know = {name for name, imported in _imported() if imported.startswith("dagster")}
    assert not [name for name in sorted(know) if not DAGSTER_MODULES.fullmatch(name)]


def test_annotations_stay_live():
    """Dagster evaluates annotations at run time."""
    assert not [name for name, imported in _imported() if imported == "__future__.annotations"]


def test_modules_open_with_a_docstring():
    assert not [name for name, tree in MODULES.items() if not ast.get_docstring(tree)]


def test_names_say_what_is_inside():
    vague = [name for name in MODULES if set(Path(name).with_suffix("").parts) & VAGUE_NAMES]
    assert not vague


def test_nothing_shadows_installed_packages():
    """Python finds root-level modules, and test packages, before what is installed."""
    assert not list(PROJECT.glob("*.py"))
    assert not list((PROJECT / "tests").rglob("__init__.py"))


def test_no_file_names_a_package_registry():
    """The lock file must serve any mirror."""
    assert not [name for name, text in _tracked_texts() if REGISTRY_HOSTS.search(text)]


def test_no_file_names_a_path_of_one_machine():
    found = [f"{name}: {match.group()}" for name, text in _tracked_texts() if (match := MACHINE_PATHS.search(text))]
    assert not found


def test_lock_holds_every_direct_requirement():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    locked = set(
        re.findall(r"^([a-z0-9-]+)", (PROJECT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {re.match(r"[\w-]+", line).group() for line in wanted} <= locked
