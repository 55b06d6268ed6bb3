"""Invented wire items as carriers print them, with the truth beside each text: other words than any benchmark has.

`families()` returns one `Record` for each text of each item. Two texts are of one item where `family` is equal.
Instalments of a series, rivals and stories that share a headline or background paragraphs are families of their own.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.types import Article, Credit, Kill, Notice
from tests.builders import address

DAY = datetime(2031, 5, 6, 11, 0, tzinfo=UTC)
AGENCY = "The Canadian Press"

Cut = Callable[[list[str]], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One text of one item."""

    family: str
    version: int  # of the wire's takes in that language; 1 is the first, 0 an alert
    language: str
    kind: str  # full, truncated (less than 40 % kept) or brief (one paragraph)
    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One wording of an item, as the wire sent it."""

    family: str
    paragraphs: tuple[str, ...]
    title: str
    version: int = 1
    language: str = "en"
    agency: str | None = AGENCY
    publisher: str | None = None  # None: the carriers print it; else nobody but its own publisher
    after: timedelta = timedelta(0)  # since the first morning
    corrected: str | None = None  # the note that comes with it
    first_language: str | None = None
    official: bool = False
    kill: Kill | None = None
    notice: Notice | None = None


# --- what carriers do ------------------------------------------------------------------------------------------------


def _accents_off(paragraphs: list[str]) -> list[str]:
    stripped = unicodedata.normalize("NFD", "\n".join(paragraphs))
    return "".join(c for c in stripped if not unicodedata.combining(c)).split("\n")


def _house_style(paragraphs: list[str]) -> list[str]:
    """Figures, titles and spellings as another desk writes them."""
    rules = (
        (r" per cent\b", "%"), (r"\btwo\b", "2"), (r"\bcentre\b", "center"), (r"\bCoun\. ", "Councillor "),
        (r"\bhas\b", "had"), (r"’", "'"), (r" %", " pour cent"), (r"\bdeux\b", "2"),
    )  # fmt: skip
    found = []
    for paragraph in paragraphs:
        for old, new in rules:
            paragraph = re.sub(old, new, paragraph)
        found.append(paragraph)
    return found


def _local_sentence(paragraphs: list[str]) -> list[str]:
    place = len(paragraphs) // 2
    return [
        *paragraphs[:place],
        "Listeners here can call the station's own line with what they saw.",
        *paragraphs[place:],
    ]


def _new_lede(paragraphs: list[str]) -> list[str]:
    """Another first paragraph with what the old one tells: its words from the last to the first."""
    return [" ".join(reversed(paragraphs[0].split())), *paragraphs[1:]]


def _merged(paragraphs: list[str]) -> list[str]:
    return [" ".join(paragraphs[at : at + 2]) for at in range(0, len(paragraphs), 2)]


def _split(paragraphs: list[str]) -> list[str]:
    return [sentence for paragraph in paragraphs for sentence in re.split(r"(?<=[a-zé]\.) (?=[A-ZÉ])", paragraph)]


def _share(share: float) -> Cut:
    def cut(paragraphs: list[str]) -> list[str]:
        most = share * sum(len(paragraph.split()) for paragraph in paragraphs)
        kept: list[str] = []
        for paragraph in paragraphs:
            kept.append(paragraph)
            if sum(len(one.split()) for one in kept) >= most:
                break
        return kept

    return cut


def _same(paragraphs: list[str]) -> list[str]:
    return paragraphs


_CARRIERS: tuple[tuple[str, str, Cut, bool, bool, float], ...] = (
    # publisher, kind, edit, whether the credit is shown, whether the headline is its own, hours after the wire
    ("The Canadian Press", "full", _same, True, False, 0),
    ("Lakeside Courier", "full", _same, True, True, 0.4),
    ("Radio 98 Harbour", "full", _local_sentence, True, False, 0.7),
    ("Plain Letters", "full", _accents_off, True, False, 1),
    ("Style Desk", "full", _house_style, True, True, 1.5),
    ("Valley Voice", "full", _new_lede, True, True, 3),
    ("Anonymous Portal", "full", _merged, False, False, 5),
    ("Short Lines", "full", _split, False, False, 7),
    ("Half Page", "full", _share(0.6), False, False, 9),
    ("First Third", "truncated", _share(0.3), False, True, 12),
    ("Slow Weekly", "full", _same, True, False, 44),
    ("Briefs in Brief", "brief", lambda paragraphs: paragraphs[:1], True, False, 6),
)


def _copies(take: Take) -> Iterator[Record]:
    if take.publisher is not None or take.official:
        kind = "brief" if len(take.paragraphs) == 1 else "full"
        yield _record(take, take.publisher or "Department", kind, list(take.paragraphs), True, take.title, 0)
        return
    for publisher, kind, edit, credited, own_title, hours in _CARRIERS:
        title = _own_title(take) if own_title else take.title
        yield _record(take, publisher, kind, edit(list(take.paragraphs)), credited, title, hours)


def _own_title(take: Take) -> str:
    """A desk's own headline: some words of the first paragraph, none of them invented."""
    return " ".join(take.paragraphs[0].split()[2:11]).rstrip(",.")


def _record(
    take: Take, publisher: str, kind: str, paragraphs: list[str], credited: bool, title: str, hours: float
) -> Record:
    body = "\n\n".join(paragraphs)
    at = DAY + take.after + timedelta(hours=hours)
    slug = f"{take.family}-{take.language}-{take.version}"
    credit = Credit()
    if credited:
        credit = Credit(
            agency=take.agency,
            first_published=None if take.official or take.agency is None else _first(take),
            first_language=take.first_language,
            correction=take.corrected,
            notice=take.notice,
            kill=take.kill,
        )
    fields: dict[str, Any] = {"credit": credit, "official": take.official, "published_at": at}
    article = Article(
        source_id=publisher.lower().replace(" ", "-"),
        publisher=publisher,
        addresses=(address(f"http://{publisher.lower().replace(' ', '-')}.test/{slug}"),),
        title=title,
        text=body,
        body=body,
        language=take.language,
        **fields,
    )
    return Record(family=take.family, version=take.version, language=take.language, kind=kind, article=article)


def _first(take: Take) -> str:
    return (DAY + _FIRST_SENT.get(take.family, take.after)).date().isoformat()


# --- the items -------------------------------------------------------------------------------------------------------

FERRY = (
    "ST. ELWIN — The ferry between Port Maddow and the Tern Islands will stop running for 19 days in June so that its "
    "ramp can be replaced, the operator said Tuesday.",
    "Tern Line president Ottoline Grebe said divers found cracks in 27 of the 64 bolts that hold the ramp to the pier.",
    "“Nobody was in danger, and nobody will be,” Grebe told reporters on the wharf. “But I do not sleep well with that "
    "many cracks under a truck.”",
    "About 1,340 people live on the islands, and most of their groceries, mail and fuel come by the ferry. A barge "
    "will "
    "carry fuel and food on Mondays and Thursdays, weather permitting.",
    "Islanders who must see a doctor on the mainland will get a seat on a chartered aircraft that holds nine "
    "passengers.",
    "Innkeeper Rudyard Solway said 38 guests have already called off their stays. He wants the province to pay for "
    "what "
    "he loses, which he puts at $52,000.",
    "The work costs $4.1 million, and the line hopes to have it done before the school year ends.",
)
FERRY_LATER = (
    "ST. ELWIN — The province will pay half of what islanders lose while the only ferry to the Tern Islands is out of "
    "service in June, the transport minister said Tuesday night.",
    "Minister Ambrose Kittow spoke after 200 people filled the fire hall on Great Tern, some of them standing on "
    "benches.",
    FERRY[1],
    FERRY[2],
    FERRY[3],
    "Innkeeper Rudyard Solway said half is better than nothing. He has lost 38 guests, which he puts at $52,000.",
    FERRY[6],
    "An opposition critic, Delphine Aubrac, asked why the bolts were last looked at in 2022.",
)
FERRY_FR = (
    "ST. ELWIN — Le traversier entre Port Maddow et les îles Tern cessera son service pendant 19 jours en juin pour "
    "que "
    "sa rampe soit remplacée, a indiqué mardi l’exploitant.",
    "La présidente de Tern Line, Ottoline Grebe, a expliqué que des plongeurs avaient trouvé des fissures dans 27 "
    "des 64 "
    "boulons qui tiennent la rampe.",
    "Quelque 1340 personnes habitent les îles. Une barge apportera du carburant et des vivres les lundis et jeudis.",
    "L’aubergiste Rudyard Solway dit avoir perdu 38 clients et réclame 52 000 $ à la province.",
    "Les travaux coûtent 4,1 millions $.",
)
ORCHARD_FR = (
    "SAINTE-ADRIENNE — La récolte de pommes s’annonce la plus faible depuis 1998 dans la vallée de l’Orme après le gel "
    "qui a noirci 61 % des bourgeons, selon les pomiculteurs.",
    "Le président de leur fédération, Anatole Desruisseaux, a fait visiter jeudi un verger où il compte d’ordinaire "
    "340 pommiers en fleurs.",
    "« On marche dans un cimetière », a-t-il dit en ouvrant un bouton brun avec l’ongle.",
    "Le gel a duré quatre heures dans la nuit du 2 mai. Le mercure est descendu à moins 5,2 degrés à la station de "
    "Pointe-aux-Grives.",
    "Les assureurs attendent 1275 demandes. L’an dernier, ils en avaient reçu 88.",
    "La pomicultrice Rosemonde Gélinas, dont la famille cultive depuis cinq générations, songe à planter des "
    "poiriers, qui fleurissent deux semaines plus tard.",
    "Le ministère de l’Agriculture promet une réponse d’ici le 20 mai.",
)
ORCHARD_EN = (
    "SAINTE-ADRIENNE, Que. — Apple growers in the Orme valley expect their smallest crop since 1998 after a frost "
    "blackened 61 per cent of the buds.",
    "Anatole Desruisseaux, who leads their federation, walked reporters through a block of 340 trees on Thursday.",
    "“This is a graveyard,” he said, and opened a brown bud with his thumbnail.",
    "The temperature fell to minus 5.2 degrees at the Pointe-aux-Grives station in the night of May 2.",
    "Insurers expect 1,275 claims, against 88 last year.",
    "Grower Rosemonde Gélinas, whose family has farmed there for five generations, may plant pears, which bloom later.",
    "The province says it will answer by May 20.",
)
QUARRY = (
    "BRACKENFORD — A judge has stopped blasting at the Hollin quarry until an expert says why 12 wells near it ran "
    "dry.",
    "Justice Honor Pelletier-Wray wrote in a ruling of 46 pages that the company had been told of the wells in March "
    "and "
    "did not lower its charges.",
    "Hollin Stone must bring water to 31 households at its own cost. Lawyer Bertrand Achterberg said the company will "
    "obey and will also appeal.",
    "Farmer Idris Calloway hauls 2,600 litres a day for his cattle. He said the ruling lets him plan one week ahead.",
    "The quarry employs 85 people and sends gravel to four counties, where road builders fear delays.",
    "A hydrologist, Sunniva Marsh, is to report by Aug. 14.",
)
QUARRY_RIVAL = (
    "Blasting has gone silent above Brackenford. A court order issued Tuesday bars Hollin Stone from setting charges "
    "while somebody finds out where the water went.",
    "Residents have complained since winter that taps sputter and cough mud. Twelve of them brought jars to court.",
    "Our reporter found Idris Calloway filling a tank behind his barn. “I used to trust that well like my own legs,” "
    "he "
    "said.",
    "The company's lawyer, Bertrand Achterberg, declined to be interviewed but said an appeal is being drafted.",
    "Trucks idled at the gate with nothing to load, and the canteen closed at noon.",
)
CLINIC = (
    "NORTH HAVERING — Nurses at the Havering walk-in centre will vote on a new contract that gives them 6.5 per cent "
    "over "
    "two years, their union says.",
    "The deal came 14 hours before a strike that would have closed the centre and moved 230 patients a day to "
    "hospitals.",
    "Union negotiator Perpetua Lindqvist said members would also get a second nurse on every night shift.",
    "The health authority said it will hire 17 people and find the money by renting fewer trucks.",
    "Patients’ advocate Cormac Dunleavy called it fair, and late.",
    "Ballots will be counted May 19. If nurses say no, they could walk out the same evening.",
)
CLINIC_PUT_RIGHT = tuple(
    paragraph.replace("6.5 per cent", "5.6 per cent").replace("Perpetua Lindqvist", "Petronella Lindqvist")
    for paragraph in CLINIC
)
CLINIC_ALERT = (
    "Nurses at the Havering walk-in centre have reached a tentative deal, their union says, 14 hours before a strike.",
)
SAME_HEADLINE = (
    "A tie vote leaves Wexcombe council without a mayor for the second month, and the clerk is drawing straws in an "
    "empty "
    "room to learn how it looks.",
    "Coun. Mabel Thackeray and Coun. Jory Penhale have five votes each. Neither would flinch on Monday.",
    "The bylaw from 1931 tells the clerk to use straws of rye, which no shop in town sells.",
    "A farmer offered a sheaf. The bill for the special meetings stands at $11,400.",
    "A third candidate withdrew when asked how he would fix the weir.",
)
SAME_HEADLINE_TWIN = (
    "Shipyard workers in Corran Bay go back to their ballots after 311 of them said yes and 311 said no to a contract "
    "that would end the split shift.",
    "Chief steward Yvette Marchbanks counted twice, then had a stranger count.",
    "The yard builds two ice tugs and has promised the first of them by spring.",
    "Management says its offer will not change, and that a draw is no yes.",
    "The next vote is set for the fairground, where the scales weigh pumpkins.",
)
BACKGROUND = (
    "The Merrow dike was built in 1958 after a flood that drowned 214 people, and engineers have warned since 2009 "
    "that "
    "its clay is drying out and that a wet autumn could undo in a night what took three summers to raise.",
    "A royal commission asked in 2017 for a second dike behind the first. Work on it was to begin within five years, "
    "and "
    "has been put off four times, most lately because the land was found to hold graves that nobody had mapped.",
)
DIKE_SCHOOL = (
    "MERROW — Pupils of the lower town will be taught on the hill from September, because no insurer will cover the "
    "old "
    "brick school behind the dike any more.",
    "Principal Lavinia Osei said buses will leave at 7:40 a.m. and come back before the evening tide.",
    *BACKGROUND,
    "Parents asked for a covered stop. The board will spend $63,000 on one.",
)
DIKE_MUSEUM = (
    "MERROW — Sixty-three paintings that hung in the customs house are on their way to a vault inland, where the "
    "curator "
    "hopes they will wait out the rains.",
    "Curator Tobias Falk packed the last one himself, a harbour scene with 11 sails and a dog.",
    *BACKGROUND,
    "The vault charges $900 a month. Friends of the museum sold marmalade to pay for the first year.",
)


FERRY_RIVAL_FR = (
    "Dix-neuf jours sans traversier : c’est ce qui attend les îles Tern dès juin. L’annonce faite mardi sur le quai de "
    "Port Maddow a laissé les 1340 insulaires sans voix.",
    "« Personne n’a été en danger », jure Ottoline Grebe, qui dirige Tern Line. Ses plongeurs ont pourtant vu des "
    "fissures "
    "dans 27 boulons.",
    "Rudyard Solway, aubergiste, a perdu 38 réservations, soit 52 000 $. La facture du chantier atteint 4,1 millions "
    "$.",
    "Notre journal avait révélé en 2022 que l’inspection avait été repoussée.",
)
QUARRY_KILL = (
    "EDITORS: Kill the item headlined Judge halts blasting at Hollin quarry, which moved Tuesday morning. The ruling "
    "is "
    "under a publication ban.",
)
GRANTS_EN = (
    "The Minister of Coasts, the Honourable Philippa Strand, will spend $7.2 million on 41 breakwaters in Corran "
    "Bay, Port "
    "Maddow and Great Tern.",
    "Engineers found 96 gaps last autumn. Work starts on September 3, 2031, under the care of Ambrose Kittow.",
    "“A wall that leaks is a promise that leaks,” said Minister Strand.",
)
GRANTS_FR = (
    "La ministre des Côtes, l’honorable Philippa Strand, consacrera 2,7 millions de dollars à 41 brise-lames à "
    "Corran Bay, "
    "Port Maddow et Great Tern.",
    "Des ingénieurs y ont relevé 96 brèches l’automne dernier. Les travaux débutent le 3 septembre 2031 et sont "
    "confiés à "
    "Ambrose Kittow.",
    "« Un mur qui fuit est une promesse qui fuit », a déclaré la ministre Strand.",
)
BACKGROUND_FR = (
    "Le lac Chabot a été vidé en 1974 pour que l’on y bâtisse une usine qui n’a jamais ouvert, et son lit de vase, "
    "long "
    "de onze kilomètres, appartient depuis à la commune, qui n’a pas les moyens de le remettre en eau.",
)
LAKE_HERONS = (
    "VAL-CHABOT — Quarante-six hérons se sont posés dans la vase du lac Chabot, où l’on n’en avait pas vu un seul "
    "depuis "
    "le départ des carpes.",
    "L’ornithologue Maximilienne Thériault les compte à l’aube, à plat ventre sur une porte de grange.",
    *BACKGROUND_FR,
    "La commune interdit désormais d’y promener les chiens.",
)
LAKE_TRIAL = (
    "VAL-CHABOT — L’ancien maire Wilbrod Asselin subira son procès pour avoir vendu trois fois le même terrain à des "
    "gens "
    "venus de loin.",
    "La juge Ombeline Caron a rejeté lundi sa requête, écrite à la main sur 17 feuilles.",
    *BACKGROUND_FR,
    "Le procès s’ouvrira le 11 septembre et durera huit semaines.",
)


def permits(month: str, permits_: str, change: str, houses: str, price: str) -> tuple[str, ...]:
    """A monthly count, in French."""
    return (
        f"OTTERVILLE — Les villes de la côte ont délivré {permits_} permis de bâtir en {month}, {change} % de plus "
        "que le "
        "mois précédent, a indiqué mardi l’Institut des chantiers.",
        f"De ce nombre, {houses} visaient des maisons d’une famille. Le prix moyen d’un terrain s’établissait à "
        f"{price} $.",
        "L’institut corrige ses données pour tenir compte des saisons, et les révise une fois par année.",
        "Son économiste Barthélemy Vanasse estime que les taux d’intérêt expliquent presque tout.",
    )


def reservoir(period: str, inflow: str, level: str, share: str, change: str) -> tuple[str, ...]:
    """A weekly count."""
    return (
        f"ALDERTON — The Ravensmere reservoir took in {inflow} megalitres in the week that ended {period}, the water "
        "board said Friday in its weekly bulletin.",
        f"The lake stood at {level} metres, or {share} per cent of what it holds when full. A week earlier it stood "
        f"{change} centimetres lower.",
        "The board publishes the figures every Friday so that growers downstream can decide how much to plant. They "
        "are "
        "not adjusted for evaporation.",
        "Restrictions on washing cars and filling pools stay in place until the lake passes the second mark on the "
        "tower, "
        "the board said.",
    )


def arrivals(city: str, month: str, flights: str, people: str, share: str, spoken: str) -> tuple[str, ...]:
    """A monthly count that serves two cities."""
    return (
        f"{city} — The airport at {city.title()} handled {people} passengers in {month}, the airport authority said in "
        f"its monthly count.",
        f"That is {share} per cent more than a year earlier. Planes landed and took off {flights} times.",
        "The authority counts everyone who boards, leaves or changes planes, and leaves out crews and infants on laps.",
        f"Its spokesman, {spoken}, said cargo is counted apart and will be published with the yearly report.",
    )


RELEASE_EN = (
    "The Minister of Coasts, the Honourable Philippa Strand, today announced $18.4 million for 23 lighthouses in Lorne "
    "County and on Cape Verity.",
    "The money will repair lamps, stairs and landings over three years. Work on the Verity Light begins on July 8, "
    "2031.",
    "More than 640 volunteers keep the lights open to visitors.",
    "“Our lights have brought people home for two centuries,” said Minister Strand.",
    "Applications from Port Maddow, Corran Bay and Great Tern are under review.",
)
RELEASE_FR = (
    "La ministre des Côtes, l’honorable Philippa Strand, a annoncé aujourd’hui 18,4 millions de dollars pour 23 "
    "phares du "
    "comté de Lorne et du cap Verity.",
    "L’argent servira à réparer les lampes, les escaliers et les débarcadères pendant trois ans. Les travaux au phare "
    "Verity débutent le 8 juillet 2031.",
    "Plus de 640 bénévoles ouvrent les phares aux visiteurs.",
    "« Nos phares ramènent les gens chez eux depuis deux siècles », a dit la ministre Strand.",
    "Des demandes de Port Maddow, de Corran Bay et de Great Tern sont à l’étude.",
)

_HOURS = timedelta(hours=1)
_FIRST_SENT: dict[str, timedelta] = {}  # where a family's first take is not the one that is carried

TAKES: tuple[Take, ...] = (
    Take(family="ferry", paragraphs=FERRY, title="Tern Islands to lose ferry for 19 days"),
    Take(family="ferry", paragraphs=FERRY_LATER, title="Province to cover half of islanders' losses", version=2,
         after=8 * _HOURS),
    Take(family="ferry", paragraphs=FERRY_FR, title="Les îles Tern privées de traversier", language="fr",
         after=3 * _HOURS),
    Take(family="orchard", paragraphs=ORCHARD_FR, title="Le gel noircit les vergers de l’Orme", language="fr",
         first_language=None, after=_HOURS),
    Take(family="orchard", paragraphs=ORCHARD_EN, title="Frost leaves apple growers with smallest crop since 1998",
         first_language="fr", after=4 * _HOURS),
    Take(family="quarry", paragraphs=QUARRY, title="Judge halts blasting at Hollin quarry", after=2 * _HOURS),
    Take(family="quarry-rival", paragraphs=QUARRY_RIVAL, title="Judge halts blasting at Hollin quarry", agency=None,
         publisher="Brackenford Sentinel", after=3 * _HOURS),
    Take(family="clinic", paragraphs=CLINIC_ALERT, title="Canadian Press NewsAlert: Nurses reach deal in Havering",
         version=0, notice=Notice.NEWS_ALERT, publisher="Radio 98 Harbour"),
    Take(family="clinic", paragraphs=CLINIC, title="Havering nurses to vote on deal", after=_HOURS),
    Take(family="clinic", paragraphs=CLINIC_PUT_RIGHT, title="Havering nurses to vote on deal", version=2,
         after=7 * _HOURS, corrected="This is a corrected story. A previous version gave another raise."),
    Take(family="tie-mayor", paragraphs=SAME_HEADLINE, title="Tie vote, again", after=_HOURS),
    Take(family="tie-yard", paragraphs=SAME_HEADLINE_TWIN, title="Tie vote, again", after=_HOURS),
    Take(family="dike-school", paragraphs=DIKE_SCHOOL, title="Merrow pupils to learn on the hill"),
    Take(family="dike-museum", paragraphs=DIKE_MUSEUM, title="Paintings leave Merrow in time", after=5 * _HOURS),
    Take(family="reservoir-1", paragraphs=reservoir("May 2", "41", "187.3", "62", "14"),
         title="Ravensmere reservoir rises", after=-4 * 24 * _HOURS),
    Take(family="reservoir-2", paragraphs=reservoir("May 9", "58", "187.9", "66", "60"),
         title="Ravensmere reservoir rises", after=3 * 24 * _HOURS),
    Take(family="airport-april", paragraphs=arrivals("BELMERE", "April", "2,417", "88,300", "4.1", "Lionel Hask"),
         title="Belmere airport counts passengers"),
    Take(family="airport-march", paragraphs=arrivals("BELMERE", "March", "2,268", "81,950", "2.7", "Lionel Hask"),
         title="Belmere airport counts passengers", after=-29 * 24 * _HOURS),
    Take(family="airport-other", paragraphs=arrivals("TORWICK", "April", "1,105", "37,480", "9.4", "Lionel Hask"),
         title="Torwick airport counts passengers"),
    Take(family="ferry-rival-fr", paragraphs=FERRY_RIVAL_FR, title="Les îles Tern privées de traversier", agency=None,
         publisher="Le Phare", language="fr", after=4 * _HOURS),
    Take(family="quarry", paragraphs=QUARRY_KILL, title="KILL - Hollin quarry", version=2, after=9 * _HOURS,
         publisher="The Canadian Press", notice=Notice.KILL,
         kill=Kill(headline="Judge halts blasting at Hollin quarry.")),
    Take(family="herons", paragraphs=LAKE_HERONS, title="Les hérons reviennent à Val-Chabot", language="fr"),
    Take(family="asselin", paragraphs=LAKE_TRIAL, title="Procès pour l’ancien maire de Val-Chabot", language="fr"),
    Take(family="permits-april", title="Les permis de bâtir en hausse", language="fr",
         paragraphs=permits("avril", "3 412", "4,4", "988", "71 300")),
    Take(family="permits-march", title="Les permis de bâtir en hausse", language="fr", after=-30 * 24 * _HOURS,
         paragraphs=permits("mars", "3 268", "1,9", "1 013", "70 850")),
    Take(family="breakwaters", paragraphs=GRANTS_EN, title="Government mends breakwaters", agency=None, official=True),
    Take(family="breakwaters", paragraphs=GRANTS_FR, title="Le gouvernement répare des brise-lames", agency=None,
         language="fr", official=True),
    Take(family="lights", paragraphs=RELEASE_EN, title="Government invests in lighthouses", agency=None, official=True),
    Take(family="lights", paragraphs=RELEASE_FR, title="Le gouvernement investit dans les phares", agency=None,
         language="fr", official=True),
)  # fmt: skip


def families() -> list[Record]:
    """Returns the texts of all items, in no order that means anything."""
    return [record for take in TAKES for record in _copies(take)]
