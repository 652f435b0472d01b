"""Voeten's votes on a real copy: nothing is lost."""

import pyarrow.compute as pc

from tropism.sources import find_source
from tropism.tables import schema


def test_all_votes_are_read(shared_data, caplog):
    parsed = find_source("unga").parse([shared_data / "unga" / "votes.parquet"], None)
    votes = schema.check("un_votes", parsed["un_votes"])
    counts = {each["values"]: each["counts"] for each in pc.value_counts(votes["vote"]).to_pylist()}
    # Of the folder's read-me: yes, abstain, no.
    assert counts == {1: 742_748, 2: 118_044, 3: 70_474}
    assert votes.num_rows == 931_266
    assert pc.count_distinct(votes["rcid"]).as_py() == 6_551
    assert caplog.messages == []
