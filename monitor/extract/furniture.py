"""Lines that carriers and agencies set around a story, by their form: bylines, stamps, rights, contacts, promises.

`Article.text` keeps them where they say whose work it is; the body does not (body.py). In English and French.
"""

import re

from monitor.extract.agencies import copyright_line, sign_off

_LONGEST = 300  # characters
_NAME = r"(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*+|and|et|de|du|des|in|à|au|avec|with|for|pour|the|le|la)"
_BYLINE = re.compile(rf"(?:By|Par|BY|PAR|Written by|Texte de)\b:? (?:{_NAME}(?:[ ,|•·]++|\Z)){{1,12}}")
_MONTH = r"[A-Za-zéûÉ]{3,9}\.?"
_CLOCK = r"(?:\d{1,2}(?::\d\d| ?[hH] ?\d{0,2})(?: ?[ap]\.?m\.?)?(?: [A-Z]{2,4})?)"
_DAY = (
    rf"(?:(?:\w{{2,9}}[.,]{{0,2}} )?(?:{_MONTH} \d{{1,2}},? (?:19|20)\d\d|"
    rf"(?:le )?\d{{1,2}}(?:er)? {_MONTH} (?:19|20)\d\d)|\d{{4}}-\d\d-\d\d)"
)
_STAMP = re.compile(
    rf"\W*(?:(?:last )?(?:posted|published|updated|modified|created|publiée?|mise? à jour|modifiée?|diffusée?)\b\W*"
    rf"(?:on |at |le |à )?)?{_DAY}(?:,? (?:at |à )?{_CLOCK})?\W*",
    re.IGNORECASE,
)
_SAYS_MORE_COMES = re.compile(
    r"\W*(?:more (?:coming|to come|details? to (?:come|follow)|information to (?:come|follow))|developing(?: story)?|"
    r"(?:this is )?a developing story\b.{0,80}|this is a breaking news (?:story|update)\b.{0,80}|"
    r"(?:plus de|d['’]autres|de plus amples) (?:détails|renseignements|informations)(?: (?:à venir|suivront|à suivre))|"
    r"(?:détails )?à venir|plus à venir|(?:nouvelle|texte) en développement|will be updated|"
    r"cette nouvelle sera mise à jour\b.{0,60})\W*",
    re.IGNORECASE,
)
_END_MARK = re.compile(r"\W*(?:-?\s?30\s?-?|###|- ?fin ?-|- ?end ?-)\W*", re.IGNORECASE)
_WIRE_WORD = re.compile(
    r"\W*(?:(?:kill|supprimer)\W*){1,5}|\W*(?:news ?alert|alerte|\d(?:st|nd|rd|th) write-?thru|write-?thru|"
    r"\d(?:er|re|e|ème|eme) lead|correctives?|rectificatif|clarification)\W*",
    re.IGNORECASE,
)
_AUTHOR_NOTE = re.compile(
    r"(?:[A-ZÀ-ÖØ-Þ][\w'’.-]*+ ){1,4}(?:is|est) (?:an? |the |une? |la |le |l['’])?(?:[\w'’.-]{1,30} ){0,5}?"
    r"(?:reporter|journalist|columnist|correspondent|editor|writer|photographer|producer|intern|journaliste|"
    r"chroniqueu(?:r|se)|correspondante?|rédact(?:eur|rice))\b.{0,160}"
)
_SENDER = re.compile(r"\W*SOURCE\s?:? [A-ZÀ-ÖØ-Þ].{1,120}")
_CONTACT = re.compile(
    r"\W*(?:(?:media |press )?contacts?(?: (?:information|us|media|presse|médias))?|"
    r"media (?:relations|inquiries|enquiries)|"
    r"personnes?[- ]ressources?|relations (?:avec les )?médias|coordonnées|renseignements)\s?:?|"
    r"\W*(?:(?:for )?(?:further|more|additional) information|(?:for )?media inquiries|"
    r"(?:pour )?(?:de plus amples |plus de |tous? )?renseignements)\s?:.{0,160}",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"\W{0,3}(?:(?:©|\(c\)(?= ?(?-i:[A-ZÀ-Þ\d]))|copyright\b).{1,120}|"
    r"all rights reserved.{0,60}|tous droits réservés.{0,60}|"
    r"(?:published|reprinted|reproduced) (?:by|with) permission.{0,80})",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:this (?:article|story|report|content)|ce (?:contenu|texte|reportage)|cet article|l['’]article) "
    r"(?:was (?:first|originally) (?:published|reported|posted)|(?:first|originally) appeared|provient|"
    r"a (?:d['’]abord )?été (?:produit|publié)|est tiré)\b.{0,160}",
    re.IGNORECASE,
)
_TO_EDITORS = re.compile(r"(?:EDS|Eds)\.?\s?:.{1,240}")
_ASKS = re.compile(r"[A-ZÀ-ÖØ-Þ][^:?!.«»“”\"]{2,30}:[^:?!.«»“”\"]{3,80}\?")  # "Bridge: who pays?"
_MORE_AT = re.compile(
    r"(?:More (?:at|on|from)|Read (?:more|the rest) (?:at|on)|Plus (?:sur|dans)|À lire sur) [A-ZÀ-ÖØ-Þ].{1,60}"
)


def is_furniture(line: str) -> bool:
    """Says whether the whole line is of that sort."""
    if len(line) > _LONGEST:
        return False
    return bool(
        sign_off(line)
        or copyright_line(line)
        or _STAMP.fullmatch(line)
        or _SAYS_MORE_COMES.fullmatch(line)
        or _END_MARK.fullmatch(line)
        or _WIRE_WORD.fullmatch(line)
        or _BYLINE.fullmatch(line)
        or _SENDER.fullmatch(line)
        or _MORE_AT.fullmatch(line)
        or _RIGHTS.fullmatch(line)
        or _FROM.fullmatch(line)
        or _TO_EDITORS.fullmatch(line)
        or _AUTHOR_NOTE.fullmatch(line)
    )


def heads_contacts(line: str) -> bool:
    """Says whether the line stands above whom to ask: "Contacts", "Renseignements : …"."""
    return len(line) <= _LONGEST and _CONTACT.fullmatch(line) is not None


def asks_as_a_headline(line: str) -> bool:
    """Says whether the line is a headline that asks: "Bridge: who will pay?"."""
    return len(line) <= _LONGEST and _ASKS.fullmatch(line) is not None
