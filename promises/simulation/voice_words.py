"""What is written in the bank's survey, on its board of problems and by its staff."""

FILE_NAME = "asiakaskysely-syksy.csv"

_QUEUE = (
    "Jonotin iltapäivällä yli puoli tuntia, vaikka tiskejä oli tyhjillään.",
    "Jono seisoi lounasaikaan, yksi ihminen palveli kaikkia.",
    "Odotin vuoroani 40 minuuttia eläkepäivänä.",
    "Jonossa ei tiennyt, kauanko vielä kestää.",
    "Palvelu hyvä, jonotus liian pitkä.",
)
_PHONE = (
    "Luvattiin soittaa takaisin torstaina, kukaan ei soittanut.",
    "Puhelimeen vastattiin vasta kolmannella yrityksellä, numeroni on 040 555 0134.",
    "Soittopyyntöön ei tullut vastausta viikkoon.",
)
_LOANS = (
    "Lainapäätös viipyi, eikä kukaan kertonut missä mennään.",
    "Lainahakemuksesta ei kuulunut mitään kahteen viikkoon, oma osoite mattila@posti.example.",
    "Piti viedä sama paperi kahteen kertaan.",
)
_GOOD = (
    "Ystävällinen ja rauhallinen palvelu.",
    "Asia hoitui kerralla kuntoon.",
    "Hyvitys tuli ilman että piti pyytää, hienoa.",
    "Sain heti vuoron ja selkeän vastauksen.",
    "",
)

SURVEY_ROWS = tuple(
    row
    for number in range(9)
    for row in (
        (3 + number % 3, number % 2, "Eläkeläiset", _QUEUE[number % len(_QUEUE)]),
        (2 + number % 5, 1, "Työikäiset", _PHONE[number % len(_PHONE)]),
        (4 + number % 4, 0, "Työikäiset", _LOANS[number % len(_LOANS)]),
        (9 + number % 2, number % 3, "Eläkeläiset", _GOOD[number % len(_GOOD)]),
        (7 + number % 4, 2, "Nuoret", _GOOD[(number + 2) % len(_GOOD)]),
        (8, number % 3, "", ""),
    )
)
"""Score, place of the branch, customer segment, comment."""

AFTER_VISIT = {
    "in_time": (10, 9, 9, 8, 7, 10, 9),
    "late": (5, 7, 3, 8, 6, 9, 4),
}
"""How gladly they recommend the bank: who was served in time, and who was not."""

MAIN_PROBLEM = "Asiakas jonottaa iltapäivisin yli puoli tuntia, vaikka tiskejä on tyhjillään."
SAME_PROBLEM = "Iltapäivän jono on yli puoli tuntia, vaikka tiskejä on vapaana."
SMALL_PROBLEMS = (
    "Lainanhakija ei kuule viikkoihin, missä hänen asiansa on.",
    "Asiakas joutuu tuomaan saman paperin kahteen kertaan.",
    "Soittopyyntöön ei vastata sovittuna päivänä.",
)
CLOSED_PROBLEM = "Ulko-ovi on raskas avata rollaattorin kanssa."
CLOSED_REASON = "Oveen asennettiin avausnappi lokakuussa."

LINKED_TO = ("jono", "odotin vuoroani")
"""Words of answers that staff put behind the problem of the queue."""

STAFF_ANSWERS = (
    (9, "Hyvä porukka, ja lupauksista puhutaan ääneen."),
    (8, "Iltapäiviin tarvitaan yksi tiski lisää."),
    (10, "Kerrankin mitataan sitä, mikä asiakkaalle on tärkeää."),
    (6, "Kiire syö ilon."),
    (7, ""),
    (9, "Esihenkilö kuuntelee."),
    (10, ""),
    (5, "Järjestelmät takkuavat aamuisin."),
    (8, ""),
    (9, "Palkkio joukkueelle oli hyvä ajatus."),
)
