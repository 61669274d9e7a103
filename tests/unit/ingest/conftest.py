"""What tests of several sources share: a bucket, because a store may be one."""

import pytest
from upath import UPath

from tests.standins.object_store import BUCKET, serving


@pytest.fixture(scope="module")
def _object_store():
    with serving() as store:
        yield store


@pytest.fixture
def bucket(_object_store, tmp_path):
    """The root of an empty store in a bucket, over a real socket."""
    return UPath(f"s3://{BUCKET}/{tmp_path.name}")
