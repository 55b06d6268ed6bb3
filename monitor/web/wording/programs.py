"""What leads out of the archive: exports, and the API for programs."""

from collections.abc import Mapping

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "export title": "Export",
        "export wrong": "{parameter}: {value} cannot be used; {right}",
        "export what": "Every article that answers this, in its newest version:",
        "export everything": "Everything: no query and no filter narrows it.",
        "export form": "Format",
        "export jsonl": "JSON Lines – one article a line, for programs",
        "export csv": "CSV – for spreadsheets; nothing in it is taken for a formula",
        "export parquet": "Parquet – for pandas, DuckDB and R",
        "export csl-json": "CSL-JSON – citations, for Zotero and pandoc",
        "export ris": "RIS – citations, for EndNote and others",
        "export bibtex": "BibTeX – citations, for LaTeX",
        "export no text": "Without the texts",
        "export bom": "With a byte order mark (CSV for Excel)",
        "export button": "Download",
        "export snapshot": "It holds what the archive holds at the moment it begins, however long it takes.",
        "api title": "For programs",
        "api what": "The same questions as on the pages, answered in JSON. A program shows who it is with a token:",
        "api token": "`roxham web token NAME` makes one; whoever runs this installation enters it in monitor.yaml.",
        "api document": "The whole description (OpenAPI)",
        "api paging": "Lists come page by page: give `next` of one as `after` of the following. However many articles "
        "arrive meanwhile, pages neither skip nor repeat one.",
        "api parameters": "Parameters",
        "api none": "none",
    },
    "fr": {
        "export title": "Exportation",
        "export wrong": "{parameter} : {value} est inutilisable; {right}",
        "export what": "Tous les articles qui répondent à ceci, dans leur dernière version :",
        "export everything": "Tout : aucune requête ni aucun filtre ne restreint l’exportation.",
        "export form": "Format",
        "export jsonl": "JSON Lines – un article par ligne, pour les programmes",
        "export csv": "CSV – pour les tableurs; rien n’y est pris pour une formule",
        "export parquet": "Parquet – pour pandas, DuckDB et R",
        "export csl-json": "CSL-JSON – références, pour Zotero et pandoc",
        "export ris": "RIS – références, pour EndNote et d’autres",
        "export bibtex": "BibTeX – références, pour LaTeX",
        "export no text": "Sans les textes",
        "export bom": "Avec une marque d’ordre des octets (CSV pour Excel)",
        "export button": "Télécharger",
        "export snapshot": "Elle contient ce que l’archive contient au moment où elle commence, aussi longue "
        "soit-elle.",
        "api title": "Pour les programmes",
        "api what": "Les mêmes questions que sur les pages, avec des réponses en JSON. Un programme s’identifie par un "
        "jeton :",
        "api token": "`roxham web token NOM` en crée un; la personne responsable de l’installation l’inscrit dans "
        "monitor.yaml.",
        "api document": "La description complète (OpenAPI)",
        "api paging": "Les listes viennent page par page : la valeur `next` de l’une se donne comme `after` de la "
        "suivante. Quel que soit le nombre d’articles qui arrivent, aucun n’est omis ni répété.",
        "api parameters": "Paramètres",
        "api none": "aucun",
    },
}
