"""Who was a state in which year, under which codes and names.

The only module that knows Correlates of War (COW), Gleditsch-Ward (GW), UN M49, Comtrade and ISO2 codes:
everything else speaks ISO3. Former states keep a code of their own, so that no successor is merged with
its predecessor unless :data:`LINEAGE` says so. The facts stand in ``data/states.csv``, one row each:

- *state*: spells run from COW (2016) and GW, the earlier start and the later end of the two; the gaps of
  the 1930s and 1940s are COW's. Rows that differ say why in ``note``. States that ended before 1945 and
  have no ISO code (Bavaria, Austria-Hungary, Korea to 1910) are left out.
- *territory* and *area* (a customs union, a remainder): no states, but trade tables have codes for them.

In the CSV ``;`` separates values, ``a..b`` is a spell with both ends in it, and ``365@1922..1991`` is a
code that means this state in these years only.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from tropism.errors import UnknownStateError

#: No source of state codes reaches further back; a smaller "year" is most likely a session.
FIRST_YEAR = 1816

#: After its end a state may still be reported on for a year; later its trade code is a mistake.
YEARS_OF_GRACE = 1

_SHORT = {
    "br": "british",
    "dem": "democratic",
    "fed": "federal",
    "isd": "island",
    "isds": "islands",
    "is": "islands",
    "rep": "republic",
    "st": "saint",
    "ste": "saint",
    "terr": "territory",
}
#: "Fmr" is how Comtrade marks states that have ended.
_SILENT = {"and", "fmr", "former", "of", "the"}

#: States whose name takes the article in running text.
_WITH_ARTICLE = frozenset(
    ("ARE", "BHS", "CAF", "COG", "COM", "DOM", "GBR", "GMB", "MDV", "MHL", "NLD", "PHL", "SLB", "SUN")
) | {"USA", "VAT"}


@dataclass(frozen=True)
class Spell:
    """From ``start`` to ``end``, both included; ``end`` ``None`` is still running."""

    start: date
    end: date | None = None

    def covers(self, year: int) -> bool:
        """Whether at least one day of ``year`` lies in the spell."""
        return self.start.year <= year and (self.end is None or year <= self.end.year)

    def __str__(self) -> str:
        return f"{self.start}..{self.end or ''}"


@dataclass(frozen=True)
class State:
    """A state, a territory or an area, its codes and its years.

    Parameters
    ----------
    iso3 : str
        The key of every table. Not all are ISO's: ``EAZ``, ``YAR``, ``XKX``; ``VDR`` is South Vietnam here.
    iso2 : str or None
    name : str
    aliases : tuple of str
    cow, gw, comtrade : tuple of int
        Every code that meant this state in some year; the year is known to :func:`from_cow` and
        :func:`from_gw`. BACI's code comes first among the codes of Comtrade.
    m49 : int or None
    spells : tuple of Spell
        When it was a state; empty for a territory or an area.
    un_member : tuple of Spell
        When it held a seat in the United Nations: Belarus and Ukraine long before they were states.
    predecessors, successors : tuple of str
        ISO3 codes of the states it came from and of those that came from it, by dissolution, union or
        separation. That is history; whose seat it took over stands in :data:`LINEAGE`.
    kind : {"state", "territory", "area"}
    note : str
        Why the row is as it is.
    """

    iso3: str
    iso2: str | None
    name: str
    aliases: tuple[str, ...]
    cow: tuple[int, ...]
    gw: tuple[int, ...]
    m49: int | None
    comtrade: tuple[int, ...]
    spells: tuple[Spell, ...]
    un_member: tuple[Spell, ...]
    predecessors: tuple[str, ...]
    successors: tuple[str, ...]
    kind: str = "state"
    note: str = ""

    def exists(self, year: int) -> bool:
        """Whether it was a state on at least one day of ``year``."""
        return any(spell.covers(year) for spell in self.spells)

    def present(self, year: int) -> bool:
        """Whether it was a state, or a member of the United Nations before it was one (Ukraine, Belarus)."""
        return self.exists(year) or any(spell.covers(year) for spell in self.un_member)

    @property
    def in_text(self) -> str:
        """The name as it stands within a sentence: ``"the United States"``."""
        return f"the {self.name}" if self.iso3 in _WITH_ARTICLE else self.name

    @property
    def first_year(self) -> int | None:
        """The first year as a state; ``None`` for a territory or an area."""
        return self.spells[0].start.year if self.spells else None

    @property
    def last_year(self) -> int | None:
        """The last year as a state; ``None`` if it still is one, or never was."""
        end = self.spells[-1].end if self.spells else None
        return end.year if end else None


@dataclass(frozen=True)
class Lineage:
    """``successor`` holds the UN seat of ``predecessor``, which is the same member up to ``last_year``."""

    successor: str
    predecessor: str
    last_year: int
    basis: str


#: Continuity of a seat in the United Nations, and nothing else. Not here, because the UN admitted the
#: successor as a new member or a seat lapsed: Czechia and Slovakia (1993), Yemen (two members made one in
#: 1990; neither was continued alone), Germany (the Federal Republic went on, the GDR's seat lapsed), and
#: the Federal Republic of Yugoslavia (SCG), whose claim to the seat of socialist Yugoslavia the UN refused
#: (Security Council resolution 777, General Assembly resolution 47/1) before admitting it in 2000.
LINEAGE: tuple[Lineage, ...] = (
    Lineage(
        successor="RUS",
        predecessor="SUN",
        last_year=1991,
        basis=(
            "The Russian Federation told the Secretary-General on 24 December 1991 that it continues the "
            "membership of the Soviet Union in the United Nations and all its organs."
        ),
    ),
    Lineage(
        successor="SRB",
        predecessor="SCG",
        last_year=2005,
        basis=(
            "After Montenegro's independence the Republic of Serbia told the Secretary-General on 3 June "
            "2006 that it continues the membership of Serbia and Montenegro, which the United Nations had "
            "admitted in 2000 as the Federal Republic of Yugoslavia; Montenegro was admitted as a new member."
        ),
    ),
)


def lineage(iso3: str) -> tuple[Lineage, ...]:
    """The links by which a state's UN seat goes back, the latest first; empty for all who continue no seat.

    Examples
    --------
    >>> [link.predecessor for link in lineage("RUS")], lineage("CZE")
    (['SUN'], ())
    """
    found: list[Lineage] = []
    while link := next((each for each in LINEAGE if each.successor == iso3), None):
        found.append(link)
        iso3 = link.predecessor
    return tuple(found)


def seat_in(iso3: str, year: int) -> str:
    """The code under which a state's UN seat stands in a year.

    Examples
    --------
    >>> seat_in("RUS", 1985), seat_in("RUS", 1995)
    ('SUN', 'RUS')
    """
    before = [link.predecessor for link in lineage(iso3) if year <= link.last_year]
    return before[-1] if before else iso3


def states(year: int | None = None) -> tuple[State, ...]:
    """All states of the table, former ones included, or those that existed in a year; sorted by ISO3.

    Parameters
    ----------
    year : int, optional

    Returns
    -------
    tuple of State
        Without territories and areas.

    Examples
    --------
    >>> [state.iso3 for state in states(1985) if "Yemen" in state.name]
    ['YAR', 'YMD']
    """
    return tuple(
        state for state in _table().values() if state.kind == "state" and (year is None or state.exists(year))
    )


def find_state(text: str, *, year: int | None = None, territories: bool = False) -> State:
    """Find a state by ISO3 code, ISO2 code, name or alias, whatever the case, accents and punctuation.

    A name that several states bore ("Yemen", "Vietnam", "Yugoslavia") means the one whose name it is in
    this table. With ``year`` it means the one that was there in that year; if several were, or if none
    bears the name today ("Korea", "Congo"), the name is ambiguous and refused.

    Parameters
    ----------
    text : str
    year : int, optional
        Only states that existed, or were members of the United Nations, in this year.
    territories : bool, default False
        Also find what is no state: territories and areas that trade tables list.

    Returns
    -------
    State

    Raises
    ------
    UnknownStateError
        If no state, or more than one, has this name, or it did not exist in ``year``.

    Examples
    --------
    >>> find_state("cote d'ivoire").iso3, find_state("USSR").iso3, find_state("NA").iso3
    ('CIV', 'SUN', 'NAM')
    >>> find_state("Vietnam").iso3, find_state("Vietnam", year=1990).iso3
    ('VNM', 'VNM')
    """
    if year is not None:
        _refuse_session(year, f"find_state({text!r})")
    found = _named(text)
    if not found:
        raise UnknownStateError(f"{text!r} is no known state. {_nearest(text)}")
    sought = [state for state in found if territories or state.kind == "state"]
    if not sought:
        raise UnknownStateError(
            f"{text!r} is {found[0].name} ({found[0].iso3}), {_article(found[0].kind)} and no state. "
            "Name a state; territories are found with territories=True."
        )
    if year is None:
        own = [state for state in sought if _key(text) == _key(state.name)] or sought
        if len(own) > 1:
            raise UnknownStateError(f"{text!r} is ambiguous: {_list(own)}. Give the ISO3 code.")
        return own[0]
    there = [state for state in sought if state.kind != "state" or state.present(year)]
    if len(there) > 1:
        raise UnknownStateError(f"{text!r} is ambiguous in {year}: {_list(there)}. Give the ISO3 code.")
    if not there:
        raise UnknownStateError(_not_there(text, sought, year))
    return there[0]


def from_cow(code: int, year: int) -> State:
    """The state that a Correlates of War code meant in a year.

    A code means its state in every year, whether or not that was a state already: Ukraine (369) votes in
    the United Nations from 1946. Five codes passed from one state to another. In the year of change they
    still mean the predecessor, save 2006, which UN sessions and trade data count as Serbia's:

    - 345: Serbia to 1917, YUG 1918-1992, SCG (Federal Republic of Yugoslavia, later Serbia and
      Montenegro) 1993-2005, SRB from 2006. In sessions 48-54 (1993-1999) it did not vote.
    - 365: RUS to 1921, SUN 1922-1991, RUS from 1992.
    - 552: RHO (Rhodesia) 1965-1979, ZWE from 1980.
    - 678: YAR (North Yemen) to 1990; then 679, YEM. UN session 45 (autumn 1990) is filed under 678.
    - 255 (to 1945 and from 1990) and 260 (1949-1990) are both DEU.

    713 is TWN in every year; before December 1949 that seat was the Republic of China's on the mainland.

    Parameters
    ----------
    code : int
    year : int
        A calendar year, or session + 1945.

    Returns
    -------
    State

    Raises
    ------
    UnknownStateError
        If the code is unknown or meant no state of the table in that year.

    Examples
    --------
    >>> [from_cow(345, year).iso3 for year in (1992, 2000, 2006)]
    ['YUG', 'SCG', 'SRB']
    """
    return _from_code("cow", code, year)


def from_gw(code: int, year: int) -> State:
    """The state that a Gleditsch-Ward code meant in a year.

    As :func:`from_cow`, with these differences: 340 is Serbia and 345 is YUG to 1992 and SCG in 1993-2006;
    260 stays Germany's after 1990; 678 is YAR to 1990 and YEM from 1991; Kiribati, Nauru, Tonga and Tuvalu
    are 970 to 973.

    Parameters
    ----------
    code : int
    year : int

    Returns
    -------
    State

    Raises
    ------
    UnknownStateError
        If the code is unknown or meant no state of the table in that year.

    Examples
    --------
    >>> from_gw(678, 1985).iso3, from_gw(678, 2000).iso3, from_gw(316, 2000).iso3
    ('YAR', 'YEM', 'CZE')
    """
    return _from_code("gw", code, year)


def from_m49(code: int) -> State:
    """The state or territory with a UN M49 (ISO 3166-1 numeric) code, former codes included.

    Parameters
    ----------
    code : int

    Returns
    -------
    State
        ``kind`` tells a territory from a state.

    Raises
    ------
    UnknownStateError
        If no state or territory has the code.

    Examples
    --------
    >>> from_m49(158).iso3, from_m49(810).iso3, from_m49(344).kind
    ('TWN', 'SUN', 'territory')
    """
    return _from_code("m49", code, None)


def from_comtrade(code: int, year: int | None = None) -> State:
    """The state, territory or area with a reporter or partner code of UN Comtrade and BACI.

    Comtrade counts some states with their dependencies under a number of its own (USA 842, France 251,
    India 699, Norway 579, Switzerland 757); the M49 number is understood too. 490, "Other Asia", is
    Taiwan. What reported jointly stays joint: Belgium-Luxembourg (58, to 1998) is the area ``BLX``, which
    BACI labels BEL, and the Southern African Customs Union (711, to 1999) is ``ZA1``. 891 is SCG, from
    1992 on.

    Parameters
    ----------
    code : int
    year : int, optional
        Refuse the code of a state that had ended before.

    Returns
    -------
    State
        ``kind`` tells territories and areas from states.

    Raises
    ------
    UnknownStateError
        If the code is unknown (0 is the world, 899 areas not specified), or ``year`` is more than a year
        after the state's end.

    Examples
    --------
    >>> from_comtrade(842).iso3, from_comtrade(490).iso3, from_comtrade(711).kind
    ('USA', 'TWN', 'area')
    """
    found = _from_code("comtrade", code, year)
    if year is not None and found.last_year is not None and year > found.last_year + YEARS_OF_GRACE:
        raise UnknownStateError(
            f"Comtrade code {code} in {year}: it means {found.name} ({found.iso3}), which ended in "
            f"{found.last_year}. Correct the code or the year; after it came {', '.join(found.successors)}."
        )
    return found


# ------------------------------------------------------------------------------------------ the table


@dataclass(frozen=True)
class _Meaning:
    """A code means ``iso3`` from ``first`` to ``last``."""

    iso3: str
    first: int = FIRST_YEAR
    last: int = 9999

    def __str__(self) -> str:
        first = "" if self.first == FIRST_YEAR else self.first
        return f"{self.iso3} {first}-{'' if self.last == 9999 else self.last}"


_SYSTEMS = {"cow": "COW", "gw": "Gleditsch-Ward", "m49": "M49", "comtrade": "Comtrade"}


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("tropism.data").joinpath("states.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


@cache
def _table() -> dict[str, State]:
    return {row["iso3"]: _state(row) for row in _rows()}


def _state(row: dict[str, str]) -> State:
    def codes(column: str) -> tuple[int, ...]:
        # A code with two ranges of years stands twice in the column.
        return tuple(dict.fromkeys(int(item.partition("@")[0]) for item in _items(row[column])))

    m49 = codes("m49")
    return State(
        iso3=row["iso3"],
        iso2=row["iso2"] or None,
        name=row["name"],
        aliases=_items(row["aliases"]),
        cow=codes("cow"),
        gw=codes("gw"),
        m49=m49[0] if m49 else None,
        comtrade=codes("comtrade"),
        spells=_spells(row["spells"]),
        un_member=_spells(row["un_member"]),
        predecessors=_items(row["predecessors"]),
        successors=_items(row["successors"]),
        kind=row["kind"],
        note=row["note"],
    )


def _items(cell: str) -> tuple[str, ...]:
    return tuple(cell.split(";")) if cell else ()


def _spells(cell: str) -> tuple[Spell, ...]:
    pairs = (item.split("..") for item in _items(cell))
    return tuple(Spell(date.fromisoformat(a), date.fromisoformat(b) if b else None) for a, b in pairs)


@cache
def _meanings(system: str) -> dict[int, tuple[_Meaning, ...]]:
    found: dict[int, tuple[_Meaning, ...]] = {}
    for row in _rows():
        for item in _items(row[system]):
            code, _, years = item.partition("@")
            first, _, last = years.partition("..")
            meaning = _Meaning(row["iso3"], int(first or FIRST_YEAR), int(last or 9999))
            found[int(code)] = (*found.get(int(code), ()), meaning)
    if system == "comtrade":
        # Tables made from Comtrade often carry plain M49 numbers (840, 250, 356).
        for number, meanings in _meanings("m49").items():
            found.setdefault(number, meanings)
    return found


def _from_code(system: str, code: int, year: int | None) -> State:
    label = _SYSTEMS[system]
    where = f"{label} code {code}" + ("" if year is None else f" in {year}")
    if year is not None:
        _refuse_session(year, where)
    meanings = _meanings(system).get(code, ())
    if not meanings:
        raise UnknownStateError(f"{where}: no state has it. {_hint(system, code)}")
    for meaning in meanings:
        if year is None or meaning.first <= year <= meaning.last:
            return _table()[meaning.iso3]
    known = ", ".join(map(str, sorted(meanings, key=lambda meaning: meaning.first)))
    raise UnknownStateError(f"{where}: no state had it then; it means {known}. Check the code and the year.")


def _hint(system: str, code: int) -> str:
    others = [
        f"{_SYSTEMS[other]} code of {', '.join(dict.fromkeys(each.iso3 for each in _meanings(other)[code]))}"
        for other in _SYSTEMS
        if other != system and code in _meanings(other)
    ]
    if others:
        return f"It is the {' and the '.join(others)}: check which codes the table uses."
    if system in ("cow", "gw"):
        return "States that ended before 1945 and have no ISO code are not in the table: drop such rows."
    return "It may be a region, a total or a remainder: drop such rows."


def _refuse_session(year: int, where: str) -> None:
    if year < FIRST_YEAR:
        raise UnknownStateError(
            f"{where}: {year} is no year from {FIRST_YEAR} on. A UN session has the year session + 1945."
        )


# ------------------------------------------------------------------------------------------ names


def _key(text: str) -> tuple[str, ...]:
    """The words of a name in alphabetical order: "Korea, Rep. of" is "Republic of Korea"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    # "U.S.A." and "d'Ivoire" are one word each; other signs separate words. \x92 is the apostrophe of
    # Windows-1252 read as Latin-1, as it stands in Voeten's votes.
    plain = re.sub(r"[.'’ʻ`\x92]", "", plain).replace("ı", "i")
    words = re.sub(r"[\W_]+", " ", plain).split()
    return tuple(sorted(_SHORT.get(word, word) for word in words if word not in _SILENT))


@cache
def _names() -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for state in _table().values():
        for name in (state.name, *state.aliases):
            found.setdefault(_key(name), {})[state.iso3] = None
    return {key: tuple(codes) for key, codes in found.items()}


@cache
def _by_iso2() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for state in _table().values():
        if state.iso2:
            found[state.iso2] = (*found.get(state.iso2, ()), state.iso3)
    return found


def _named(text: str) -> list[State]:
    """Everything with this code or name; a code goes before a name."""
    code = text.replace(".", "").strip().upper()
    if code in _table():
        return [_table()[code]]
    codes = _by_iso2().get(code) or _names().get(_key(text), ())
    return [_table()[iso3] for iso3 in codes]


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _list(found: list[State]) -> str:
    return "; ".join(
        f"{state.iso3} {state.name}" + (f" ({_years(state)})" if state.spells else "") for state in found
    )


def _years(state: State) -> str:
    return ", ".join(f"{spell.start.year}-{spell.end.year if spell.end else ''}" for spell in state.spells)


def _not_there(text: str, sought: list[State], year: int) -> str:
    wrong = f"{text!r} was no state in {year}: {_list(sought)}."
    then = [
        _table()[iso3]
        for state in sought
        for iso3 in (*state.predecessors, *state.successors)
        if _table()[iso3].exists(year)
    ]
    if then:
        return f"{wrong} In {year} there was {_list(then)}: name that, or leave out the year."
    return f"{wrong} Choose another year, or leave it out."


def _nearest(text: str) -> str:
    written = {
        " ".join(_key(name)): state
        for state in states()
        for name in (state.name, *state.aliases)
        if len(name) > 3
    }
    sought = " ".join(_key(text))
    # 0.7 still finds Jordan for Transjordan.
    close = get_close_matches(sought, written, n=6, cutoff=0.7)
    if not close:
        # A part of a name: "Saudi". Words of many names, like "republic", tell nothing.
        counts = Counter(word for key in written for word in key.split())
        rare = {word for word in sought.split() if len(word) > 3 and counts[word] <= 3}
        close = [key for key in written if rare & set(key.split())]
    near = dict.fromkeys(written[key].iso3 for key in close)
    if not near:
        return "Give an ISO3 code (PAK) or an English name (Pakistan)."
    named = ", ".join(f"{_table()[iso3].name} ({iso3})" for iso3 in list(near)[:3])
    return f"Did you mean {named}? Give an ISO3 code or an English name."
