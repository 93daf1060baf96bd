"""The list of causes that every organisation starts with, and may change as it likes.

They name circumstances that somebody can do something about, never a person.
"""

import uuid

START: dict[str, dict[str, str]] = {
    "too_few": {
        "en": "Too few people at the counters",
        "fi": "Liian vähän väkeä palvelupisteissä",
        "sv": "För få personer i kassorna",
    },
    "rush": {
        "en": "More customers than expected",
        "fi": "Asiakkaita odotettua enemmän",
        "sv": "Fler kunder än väntat",
    },
    "sick_leave": {
        "en": "Somebody was ill",
        "fi": "Sairauspoissaolo",
        "sv": "Sjukfrånvaro",
    },
    "system_down": {
        "en": "A system was down or slow",
        "fi": "Järjestelmä ei toiminut tai oli hidas",
        "sv": "Ett system låg nere eller var långsamt",
    },
    "hard_case": {
        "en": "A case that took long",
        "fi": "Aikaa vienyt asia",
        "sv": "Ett ärende som tog tid",
    },
    "other_unit": {
        "en": "Waited for another unit",
        "fi": "Odotettiin toista yksikköä",
        "sv": "Väntade på en annan enhet",
    },
    "partner": {
        "en": "Waited for a partner",
        "fi": "Odotettiin kumppania",
        "sv": "Väntade på en partner",
    },
    "planning": {
        "en": "Shifts or breaks planned badly",
        "fi": "Vuorojen tai taukojen suunnittelu",
        "sv": "Planeringen av pass eller pauser",
    },
    "papers_missing": {
        "en": "Papers or details were missing",
        "fi": "Papereita tai tietoja puuttui",
        "sv": "Papper eller uppgifter saknades",
    },
    "forgotten": {
        "en": "Nobody had it in sight",
        "fi": "Asia jäi huomaamatta",
        "sv": "Ingen såg ärendet",
    },
    "other": {
        "en": "Something else",
        "fi": "Jokin muu",
        "sv": "Något annat",
    },
}


def start_id(organisation_id: uuid.UUID, key: str) -> uuid.UUID:
    """The id of an entry of the starting list, the same before and after it is stored."""
    return uuid.uuid5(organisation_id, f"cause:{key}")
