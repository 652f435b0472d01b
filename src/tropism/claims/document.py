"""The YAML file of claims: read with the line of every error, written, and its JSON Schema.

Scalars are read as text and typed by the forms: the code NO is Norway, not a truth value. Anchors are
refused: a few lines of them can stand for gigabytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from tropism.claims.forms import Claims, Thresholds
from tropism.errors import SchemaError
from tropism.tables.store import writing

#: A file of claims is edited by hand; a larger one is another file.
MOST_BYTES = 20_000_000
#: Errors that are shown at once.
MOST_ERRORS = 10


def load_claims(path: str | Path) -> Claims:
    """Read a file of claims.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Claims

    Raises
    ------
    SchemaError
        If it cannot be read, is no YAML, or does not fit the forms; names line and field.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SchemaError(f"claims: {path} has more than {MOST_BYTES:,} bytes and is no file of claims.")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise SchemaError(
            f"claims: {path} is not UTF-8 (byte {fault.start}). Save it as UTF-8; `tropism claims read` "
            "reads texts in other encodings."
        ) from None
    except OSError as fault:
        raise SchemaError(f"claims: {path} cannot be read ({fault.strerror}).") from None
    return parse_claims(text, str(path))


def parse_claims(text: str, name: str = "claims") -> Claims:
    """Claims from YAML text; errors are those of `load_claims`."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.BaseLoader)):
            raise SchemaError(f"{name}: anchors and aliases (& and *) are not read. Write each value out.")
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        content = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        where = f" line {mark.line + 1}" if mark else ""
        raise SchemaError(f"{name}:{where}: no YAML: {fault.problem or fault.context}.") from None
    except (yaml.YAMLError, RecursionError) as fault:
        raise SchemaError(f"{name}: no YAML: {str(fault).splitlines()[0]}.") from None
    if root is None or not isinstance(root, yaml.MappingNode):
        raise SchemaError(
            f"{name}: no claims in it. `tropism claims read TEXT -o {name}` writes such a file."
        )
    _refuse_repeated(root, name)
    try:
        return Claims.model_validate(content)
    except ValidationError as faults:
        found = faults.errors(include_url=False)
        told = [_told(fault, root) for fault in found[:MOST_ERRORS]]
        more = [f"… and {len(found) - MOST_ERRORS} more."] if len(found) > MOST_ERRORS else []
        raise SchemaError(f"{name}: " + "\n  ".join([*told, *more])) from None


def dump_claims(claims: Claims) -> str:
    """Claims as YAML; fields that say nothing are left out."""
    return "".join(_parts(claims))


def _parts(claims: Claims) -> Iterator[str]:
    """The head, then claim by claim: a book has many."""
    said: dict[str, Any] = {"mode": "json", "exclude_none": True, "exclude_defaults": True}
    head = claims.model_dump(**said, exclude={"claims"})
    yield _yaml({"schema_version": claims.schema_version} | head)
    yield "claims:\n" if claims.claims else "claims: []\n"
    for claim in claims.claims:
        # The form is a default of its class, and what a reader looks for first.
        tests = [{"form": test.form} | test.model_dump(**said) for test in claim.tests]
        yield _yaml([claim.model_dump(**said, exclude={"tests"}) | {"tests": tests}])


def _yaml(content: Any) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


#: In C where it was built so: ten times as fast.
_FastDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_FastDumper):
    """As the safe one, without anchors for values that stand twice; pairs of numbers on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_sequence(self, tag: str, sequence: Any, flow_style: Any = None) -> yaml.SequenceNode:
        flat = all(isinstance(each, int | float) for each in sequence)
        node: yaml.SequenceNode = super().represent_sequence(tag, sequence, flow_style=flat)
        return node


def write_claims(claims: Claims, path: str | Path) -> Path:
    """Write a file of claims; an existing one is replaced when the new one is complete."""
    path = Path(path)
    with writing(path) as scratch, scratch.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(_parts(claims))
    return path


def claims_schema() -> dict[str, Any]:
    """The JSON Schema of a file of claims (draft 2020-12).

    Returns
    -------
    dict

    Examples
    --------
    >>> from tropism.claims import claims_schema
    >>> sorted(claims_schema()["$defs"])[:3]
    ['Cause', 'Change', 'Claim']
    """
    schema = Claims.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | json.loads(json.dumps(schema))


def with_thresholds(claims: Claims, changes: Sequence[str]) -> Claims:
    """The claims under other thresholds, each as ``"name=value"``.

    Raises
    ------
    SchemaError
        If there is no such threshold, or the value does not fit.
    """
    given = {}
    for change in changes:
        name, separator, value = change.partition("=")
        if not separator or name not in Thresholds.model_fields:
            raise SchemaError(
                f"threshold {change!r}: write NAME=VALUE; the names are {', '.join(Thresholds.model_fields)}."
            )
        given[name] = value
    try:
        changed = Thresholds.model_validate(claims.thresholds.model_dump() | given)
    except ValidationError as faults:
        fault = faults.errors(include_url=False)[0]
        raise SchemaError(f"threshold {fault['loc'][0]}: {_lower(fault['msg'])}.") from None
    return claims.model_copy(update={"thresholds": changed})


def _told(fault: Any, root: yaml.Node) -> str:
    """One error with line and field; pydantic's steps through a union's tag are no steps in the file."""
    node, line, field = root, root.start_mark.line, []
    for step in fault["loc"]:
        below = _child(node, step)
        if below is None:
            if fault["type"] == "missing" and step == fault["loc"][-1]:
                field.append(str(step))
            continue
        field.append(str(step))
        node, line = below
    where = ".".join(field) or "file"
    return f"line {line + 1}, {where}: {_lower(fault['msg'].removeprefix('Value error, '))}."


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line
    return None


def _refuse_repeated(node: yaml.Node, name: str) -> None:
    """A field that stands twice is a slip of which YAML keeps the last in silence."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value in seen:
                what = getattr(key, "value", "") if isinstance(key, yaml.ScalarNode) else "a field"
                raise SchemaError(
                    f"{name}: line {key.start_mark.line + 1}, {what}: stands here twice, or is no name."
                )
            seen.add(key.value)
            _refuse_repeated(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _refuse_repeated(each, name)


def _lower(message: str) -> str:
    message = message.rstrip(".")
    # Not the first letter of a code.
    return message if message[1:2].isupper() else message[:1].lower() + message[1:]
