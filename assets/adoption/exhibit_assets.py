"""Exhibit assets: what stands beside the cube: ways of asking, licences, published figures, events, claims.

Here: thin definitions and their checks. Not here: counting and formulas.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import polars as pl

from assets.adoption.assets import KINDS
from assets.checks import Check, Outcome, at_least
from assets.declare import table_asset
from assets.schemas.claims import Claims
from assets.schemas.events import EventWindows
from assets.schemas.exhibits import Licences, Specifications
from assets.schemas.validations import Validations


def _as_the_series(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    from assets.adoption import world_series as series_of

    key = [*series_of.GROUP, "coding"]
    plain = frame.filter(measure="downloads", tasks="all_tasks").pivot("top", index=key, values="cn_share")
    both = inputs["world_series"].join(plain, on=key)
    off = both.filter(
        ~pl.col("cn_share").eq_missing(pl.col("with_top"))
        & ((pl.col("cn_share") - pl.col("with_top")).abs().fill_null(1.0) > 1e-9)  # noqa: PLR2004
    )
    return Outcome(
        passed=off.is_empty() and both.height == plain.height,
        said=f"{both.height} shares are those of the world series."
        if off.is_empty()
        else f"{off.height} share(s) are not those of the world series.",
        figures={"compared": both.height},
    )


@table_asset(
    Specifications,
    kinds=KINDS,
    checks=[
        at_least(200),
        Check(
            name="as_the_series",
            description="The same question has the same answer in both tables.",
            run=_as_the_series,
        ),
    ],
)
def specifications(  # noqa: PLR0917 - Dagster passes positional inputs only
    models: pl.DataFrame,
    model_download_totals: pl.DataFrame,
    model_parents: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
    world_series: pl.DataFrame,
) -> pl.DataFrame:
    """How does the answer change with the coding, the definition, the selection and what is counted?"""
    from assets.adoption import specifications as specifications_of

    return specifications_of.specifications(models, model_download_totals, model_parents, model_origins, publishers)


def _no_model_lost(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    whole = frame.filter(makers="everyone", size_band="all", release_year="all")
    counted = whole.group_by("coding").agg(pl.col("models").sum())["models"]
    listed = inputs["models"].height
    off = max(abs(count - listed) for count in counted) if len(counted) else listed
    return Outcome(
        passed=off < 1e-6 * listed,
        said=f"Every coding splits all {listed:,} models." if off < 1e-6 * listed else f"{off:,.0f} model(s) are lost.",
        figures={"models": listed},
    )


@table_asset(
    Licences,
    kinds={*KINDS, "csv"},
    checks=[Check(name="no_model_lost", description="Every model has a class.", run=_no_model_lost)],
)
def licences(models: pl.DataFrame, model_origins: pl.DataFrame, publishers: pl.DataFrame) -> pl.DataFrame:
    """Are the licences of Chinese models as permissive as the story has it?"""
    from assets.adoption import licences as licences_of

    return licences_of.licences(models, model_origins, publishers)


def _every_statement(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    from assets.adoption import claims as claims_of

    expected = {(name, one.id) for name, claim in claims_of.load_claims().items() for one in claim.statements}
    lost = expected - set(frame.select("claim", "statement").iter_rows())
    verdicts = dict(frame.unique("claim").group_by("claim_verdict").len().sort("claim_verdict").iter_rows())
    return Outcome(
        passed=not lost,
        said=f"Statements without a verdict: {', '.join(sorted(map('.'.join, lost)))}."
        if lost
        else f"All {len(expected)} statements have a verdict.",
        figures=verdicts,
    )


def _regions_of_claims_known(frame: pl.DataFrame, inputs: Mapping[str, Any]) -> Outcome:
    named = frame.filter(pl.col("table") == "estimates")["subject"]
    unknown = sorted(set(named) - set(inputs["regions"]["region_id"]))
    return Outcome(
        passed=not unknown,
        said=f"claims.toml names unknown regions: {', '.join(unknown)}." if unknown else "Every region is known.",
    )


def _anchors_hold(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    off = frame.filter(~pl.col("agrees"))["figure"].to_list()
    recomputed = frame.filter("agrees", pl.col("made") == "recomputed").height
    return Outcome(
        passed=not off,
        said=f"Not the published figure: {', '.join(off)}."
        if off
        else f"{frame['agrees'].sum()} published figures are reproduced, {recomputed} of them recomputed.",
        figures={"reproduced": int(frame["agrees"].sum()), "recomputed": recomputed, "off": len(off)},
    )


@table_asset(
    Validations,
    kinds={*KINDS, "toml"},
    checks=[
        Check(
            name="anchors_hold",
            description="Published figures are reproduced where like meets like.",
            run=_anchors_hold,
            severity=dg.AssetCheckSeverity.WARN,
            blocking=False,
        )
    ],
)
def validations(
    denominators: pl.DataFrame,
    models: pl.DataFrame,
    model_origins: pl.DataFrame,
    publishers: pl.DataFrame,
    world_series: pl.DataFrame,
) -> pl.DataFrame:
    """Does the atlas come to the figures that others published, and where not, why?"""
    from assets.adoption import validations as validations_of

    tables = validations_of.Tables(
        denominators=denominators,
        models=models,
        model_origins=model_origins,
        publishers=publishers,
        world_series=world_series,
    )
    return validations_of.validations(tables, validations_of.load_published())


def _every_event(frame: pl.DataFrame, _: Mapping[str, Any]) -> Outcome:
    from assets.adoption.events import load_events

    lost = sorted(set(load_events()) - set(frame["event_id"])) if frame.height else []
    figures = frame.filter(pl.col("state") == "value").height
    return Outcome(
        passed=not lost,
        said=f"Events without a row: {', '.join(lost)}." if lost else f"{figures} of {frame.height} have a figure.",
        figures={"rows": frame.height, "figures": figures},
    )


@table_asset(
    EventWindows,
    kinds={*KINDS, "toml"},
    checks=[Check(name="every_event", description="No event is left out.", run=_every_event)],
)
def event_windows(  # noqa: PLR0917 - Dagster passes positional inputs only
    models: pl.DataFrame,
    model_origins: pl.DataFrame,
    world_series: pl.DataFrame,
    forks: pl.DataFrame,
    contributions: pl.DataFrame,
    tracked_repositories: pl.DataFrame,
    package_downloads: pl.DataFrame,
    tracked_packages: pl.DataFrame,
) -> pl.DataFrame:
    """Did the balance of Chinese and US figures shift when export controls changed, by more than at other times?"""
    from assets.adoption import event_windows as windows_of
    from assets.adoption import monthly
    from assets.adoption.events import load_events

    series = monthly.monthly_series(
        [
            monthly.created_models(models, model_origins),
            monthly.grown_downloads(world_series),
            monthly.forked(forks, tracked_repositories),
            monthly.contributed(contributions, tracked_repositories),
            monthly.packaged(package_downloads, tracked_packages),
        ]
    )
    return windows_of.event_windows(series, load_events())


@table_asset(
    Claims,
    kinds={*KINDS, "toml"},
    checks=[
        Check(name="every_statement", description="No statement is without a verdict.", run=_every_statement),
        Check(
            name="regions_known",
            description="Every region that a statement names is in the registry.",
            run=_regions_of_claims_known,
        ),
    ],
)
def claims(
    estimates: pl.DataFrame, licences: pl.DataFrame, event_windows: pl.DataFrame, regions: pl.DataFrame
) -> pl.DataFrame:
    """What of the popular story do this run's figures support?"""
    from assets.adoption import claims as claims_of

    return claims_of.claims_table({"estimates": estimates, "licences": licences, "event_windows": event_windows})
