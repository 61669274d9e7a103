"""Which regions the places that logs name mean."""

import polars as pl
import pytest

from assets.places.log_places import log_places
from assets.schemas.ingest import DownloadLogs


def found(country, region):
    pairs = pl.DataFrame(
        {"log_country": [country], "log_region": [region]},
        schema=dict.fromkeys(["log_country", "log_region"], pl.String),
    )
    return log_places(pairs).select("country", "region_id").row(0)


@pytest.mark.parametrize(
    ("country", "region", "meant"),
    [
        ("NG", "Lagos", ("NG", "metro:lagos")),
        ("NG", "Lagos State", ("NG", "metro:lagos")),
        ("ID", "Jakarta", ("ID", "metro:jakarta")),
        ("ID", "Bekasi", ("ID", "metro:jakarta")),
        ("ID", "West Java", ("ID", "ID-JB")),
        ("PE", "Lima", ("PE", "metro:lima")),
        ("US", "California", ("US", "US-CA")),
        ("us", " US-CA ", ("US", "US-CA")),
        ("US", "Georgia", ("US", "US-GA")),
        ("NA", "Khomas", ("NA", "NA-KH")),
        ("SG", None, ("SG", "metro:singapore")),
        ("NG", None, ("NG", "NG-ZZ")),
        ("NG", "", ("NG", "NG-ZZ")),
        ("NG", "Somewhere Unheard Of", ("NG", "NG-ZZ")),
        ("XX", "Lagos", ("ZZ", "ZZ-ZZ")),
        ("EU", None, ("ZZ", "ZZ-ZZ")),
        (None, "Lagos", ("ZZ", "ZZ-ZZ")),
        ("TW", "Taipei City", ("TW", "TW-ZZ")),
    ],
)
def test_pairs_mean_metros_subdivisions_or_their_country(country, region, meant):
    assert found(country, region) == meant


def test_words_do_not_move_an_address_abroad():
    assert found("DE", "Paris")[0] == "DE"


def test_order_and_number_of_pairs_stay():
    pairs = pl.DataFrame({"log_country": ["PE", "NG", None, "PE"], "log_region": [None, "Lagos", "x", "Lima"]})
    assert log_places(pairs).select("log_country", "log_region").equals(pairs)
    pattern = DownloadLogs.columns()["region_id"].limits["regex"]
    assert log_places(pairs)["region_id"].str.contains(pattern).all()
