"""Whatever is wrong in a file, the source says so in words: no fault of a file is an error of ours."""

import csv
import io

import pytest

import test_sources as unga
import test_sources_arms_sanctions as arms_sanctions
import test_sources_cow as cow
import test_sources_other as other
import test_sources_trade_aid as trade_aid
import test_sources_undl as undl
from provider_files import parse
from tropism.errors import SchemaError
from tropism.sources import sources

LONG = "code,countryname,year,indicator,estimate,stddev,nsource\nPAK,Pakistan,2020,ge,-0.5,0.2,8\n"
#: A file of each layout in text.
WHOLE = {
    "archigos": [other.LEADERS],
    "atop": [cow.ATOP],
    "baci": [trade_aid.FLOWS],
    "barbieri": [cow.DYADIC, cow.NATIONAL],
    "cepii_gravity": [trade_aid.COLUMNS + trade_aid.PAIRS],
    "cow_igo": [cow.STATES, cow.IGOS],
    "dac2a": [trade_aid.AID],
    "desta": [other.TREATIES, other.PAIRS],
    "geodist": [other.GEODIST],
    "gibler": [cow.GIBLER],
    "gsdb": [arms_sanctions.CASES, arms_sanctions.DYADS],
    "imts": [trade_aid.REPORTS],
    "pew": [other.PEW],
    "sipri": [
        arms_sanctions.HEADER + arms_sanctions.ROWS,
        arms_sanctions.HEADER_2023 + arms_sanctions.ROWS_2023,
        arms_sanctions.TIV,
    ],
    "undl": [undl.TEXT],
    "unga": [unga.OFFICIAL],
    "wgi": [LONG],
}
ODD = ("", "x", "99999999999")


def spoiled(text):
    """The file cut off after each of its first lines, and with each cell of its first row of data another."""
    lines = text.splitlines(keepends=True)
    yield from ("".join(lines[:end]) for end in range(1, len(lines)))
    delimiter = max(",\t", key=lines[0].count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    place = next(i for i, row in enumerate(rows) if len(row) == max(map(len, rows))) + 1
    for column in range(len(rows[place])):
        for value in ODD:
            changed = [list(row) for row in rows]
            changed[place][column] = value
            written = io.StringIO()
            csv.writer(written, delimiter=delimiter).writerows(changed)
            yield written.getvalue()


@pytest.mark.parametrize("name", sources())
def test_a_spoiled_file_is_read_or_refused_in_words(file, name):
    for text in WHOLE[name]:
        assert parse(name, file(text))
        for changed in spoiled(text):
            try:
                parse(name, file(changed))
            except SchemaError as fault:
                assert str(fault)
