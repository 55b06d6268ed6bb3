"""What is said where somebody signs in."""

from collections.abc import Mapping

PHRASES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "sign in failed title": "Not signed in",
        "sign in name": "Name",
        "sign in password": "Password",
        "sign in show": "These pages are open to people whom this installation knows.",
        "sign in wrong": "This name and this password do not belong together.",
        "sign in wait.one": "Too many tries. Please wait a second, then try again.",
        "sign in wait.many": "Too many tries. Please wait {n} seconds, then try again.",
        "sign in forgotten": "If you have no password, or do not know it any more, write to {contact}.",
        "sign in by proxy": "You sign in before you come here, and this page was reached without that. Ask {contact}.",
        "sign in elsewhere": "Nobody can sign in here, and the address of these pages (web.base_url in monitor.yaml) "
        "leads elsewhere: whatever passes requests on from there would let everybody in. Users can be named under "
        "web.users in monitor.yaml.",
    },
    "fr": {
        "sign in failed title": "Connexion refusée",
        "sign in name": "Nom",
        "sign in password": "Mot de passe",
        "sign in show": "Ces pages sont ouvertes aux personnes que cette installation connaît.",
        "sign in wrong": "Ce nom et ce mot de passe ne vont pas ensemble.",
        "sign in wait.one": "Trop d’essais. Veuillez attendre une seconde avant de réessayer.",
        "sign in wait.many": "Trop d’essais. Veuillez attendre {n} secondes avant de réessayer.",
        "sign in forgotten": "Si vous n’avez pas de mot de passe, ou ne le connaissez plus, écrivez à {contact}.",
        "sign in by proxy": "La connexion se fait avant d’arriver ici, et cette page a été atteinte sans elle. "
        "Écrivez à {contact}.",
        "sign in elsewhere": "Personne ne peut se connecter ici, et l’adresse de ces pages (web.base_url dans "
        "monitor.yaml) mène ailleurs : ce qui y transmet les requêtes laisserait entrer tout le monde. Des "
        "utilisateurs peuvent être nommés sous web.users dans monitor.yaml.",
    },
}
