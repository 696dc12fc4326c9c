"""Every fault of a connection has advice, is reported by some code, and fits its column."""

import re

import pytest
from django.conf import settings

from streams.brokers.faults import Fault, advice_on
from streams.models import Broker


def test_every_fault_has_an_advice_of_its_own() -> None:
    assert all(fault.advice for fault in Fault)
    assert len({fault.advice for fault in Fault}) == len(Fault)
    assert [advice_on(code) for code in ("tls", "", "no such code")] == [Fault.TLS.advice, "", ""]


def test_every_fault_is_reported_somewhere() -> None:
    files = [path for path in (settings.BASE_DIR / "streams").rglob("*.py") if path.name != "faults.py"]
    assert set(re.findall(r"\bFault\.([A-Z_]+)", "".join(path.read_text() for path in files))) == set(Fault.__members__)


@pytest.mark.django_db
def test_every_code_fits_its_column() -> None:
    column = Broker._meta.get_field("last_error_code")
    assert max(map(len, Fault)) <= (column.max_length or 0)
