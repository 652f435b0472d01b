"""The table of cases against the development list that it was written from."""

import csv

from tropism.tables import read_table


def test_every_development_case_is_there_as_it_was_labelled(shared_data):
    with (shared_data / "cases" / "realignments_dev.csv").open(encoding="utf-8", newline="") as file:
        wanted = {
            row["case_id"]: (
                row["iso3"],
                row["from_pole"],
                row["to_pole"] or None,
                int(row["start"]),
                int(row["end"]),
                row["label"],
            )
            for row in csv.DictReader(file)
        }
    names = ("iso3", "from_pole", "to_pole", "start_year", "end_year", "label")
    found = {row["case"]: tuple(row[name] for name in names) for row in read_table("cases").to_pylist()}
    assert len(wanted) == 32
    assert found == wanted
