"""The words of the pages in English and French, and which of the two a visitor is shown."""

from collections.abc import Mapping

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "other": "fr",
        "other language": "Français",
        "ask title": "Unsubscribe",
        "ask": "This ends one digest for one reader. Everything else goes on as before.",
        "digest": "Digest",
        "reader": "Reader",
        "ask button": "Unsubscribe",
        "done title": "You are unsubscribed",
        "done": "This digest will no longer be sent. A message that was already on its way may still arrive.",
        "undo": "Was that a mistake?",
        "undo button": "Subscribe again",
        "again title": "You are subscribed again",
        "again": "This digest will be sent as before. The next one holds what came in between.",
        "404 title": "Nothing here",
        "404": "This link may be old, or a part of it was lost on the way. The link in a newer message should work.",
        "405 title": "Not this way",
        "405": "This address can be opened, but not like that.",
        "413 title": "Too much at once",
        "413": "More was sent than this page takes.",
        "500 title": "That did not work",
        "500": "The fault is on our side. Please try again later.",
        "503 title": "Not just now",
        "503": "This cannot be done at the moment. Nothing was changed; please try again later.",
        "contact": "Questions go to",
    },
    "fr": {
        "other": "en",
        "other language": "English",
        "ask title": "Se désabonner",
        "ask": "Cela met fin à un seul bulletin, pour un seul destinataire. Rien d’autre ne change.",
        "digest": "Bulletin",
        "reader": "Destinataire",
        "ask button": "Se désabonner",
        "done title": "Désabonnement effectué",
        "done": "Ce bulletin ne sera plus envoyé. Un message déjà parti peut encore arriver.",
        "undo": "C’était une erreur?",
        "undo button": "Se réabonner",
        "again title": "Abonnement rétabli",
        "again": "Ce bulletin sera envoyé comme avant. Le prochain contiendra ce qui est arrivé entre-temps.",
        "404 title": "Rien à cette adresse",
        "404": "Ce lien est peut-être ancien, ou il en manque une partie. Le lien d’un message plus "
        "récent devrait fonctionner.",
        "405 title": "Pas de cette façon",
        "405": "Cette adresse peut être ouverte, mais pas ainsi.",
        "413 title": "Envoi trop volumineux",
        "413": "Cette page n’en accepte pas autant.",
        "500 title": "Cela n’a pas fonctionné",
        "500": "L’erreur vient de nous. Veuillez réessayer plus tard.",
        "503 title": "Pas pour le moment",
        "503": "C’est impossible en ce moment. Rien n’a été changé; veuillez réessayer plus tard.",
        "contact": "Pour toute question\u00a0:",
    },
}


def language(asked: str | None, accepted: str) -> str:
    """Returns en or fr: what `?lang=` asks for, else what Accept-Language prefers (RFC 9110, 12.5.4), else en."""
    if asked is not None and asked in PHRASES:
        return asked
    best, best_weight = "en", 0.0
    for wish in accepted.split(",")[:20]:
        tag, _, weight = wish.partition(";")
        code = tag.strip().lower().partition("-")[0]
        if code in PHRASES and (value := _weight(weight)) > best_weight:
            best, best_weight = code, value
    return best


def _weight(text: str) -> float:
    name, _, value = text.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
