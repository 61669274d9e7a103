"""A toy graph on real declarations: small enough to read, wired like the real one."""

from types import ModuleType, SimpleNamespace

import dagster as dg
import polars as pl
import pytest

from assets.run import Run

PARENTS = pl.DataFrame(
    {
        "child_id": ["a/one", "a/two"],
        "parent_id": ["b/base", "b/base"],
        "relation": ["finetune", "quantized"],
        "source_id": ["toy", "toy"],
    }
)


@pytest.fixture
def parents():
    return PARENTS


@pytest.fixture
def toy():
    """A switchboard and a module of assets: ``ingest/model_parents`` → ``publish/count``, and one beside them."""
    switch = SimpleNamespace(table=PARENTS, error=None, check_passes=True, severity=dg.AssetCheckSeverity.ERROR)

    @dg.asset(
        key=["ingest", "model_parents"],
        group_name="ingest",
        io_manager_key="tables",
        check_specs=[dg.AssetCheckSpec("complete", asset=["ingest", "model_parents"], blocking=True)],
    )
    def model_parents():
        if switch.error:
            raise switch.error
        yield dg.MaterializeResult(
            value=switch.table,
            check_results=[
                dg.AssetCheckResult(
                    check_name="complete",
                    passed=switch.check_passes,
                    severity=switch.severity,
                    description="2 rows; at least 9 expected.",
                )
            ],
        )

    @dg.asset(
        key=["publish", "count"],
        group_name="publish",
        ins={"rows": dg.AssetIn(key=["ingest", "model_parents"])},
    )
    def count(rows: pl.DataFrame, run: Run) -> None:
        (run.output_path / "summary.json").write_text(
            '{"outputs": [{"path": "map.html", "shows": "Where it is"}],'
            f' "regions": {{"survey_use": {{"value": {rows.height}, "suppressed": 7}}}}}}',
            encoding="utf-8",
        )

    module = ModuleType("toy")
    module.model_parents, module.count = model_parents, count
    switch.module = module
    return switch
