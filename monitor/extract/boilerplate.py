"""What stands in a page's article without being part of it, known by the words publishers use for it.

General patterns only, in English and French: names of boxes (class and id), and whole lines. A line is dropped only
when all of it is such a phrase; a sentence that merely holds the words stays.
"""

import re

# Words of a class or an id that name a box which is no article text.
BOX = re.compile(
    r"(?:^|[\s_-])(?:newsletters?|infolettre|related(?:[_-]?(?:content|stories|posts|articles|links|topics?))?|"
    r"recommend(?:ed|ations?)|"
    r"more[_-]?(?:topics?|stories|on|from)|embed[_-]more[_-]topic|read[_-]?(?:more|also|next)|lire[_-]?aussi|"
    r"a[_-]lire|trending|most[_-]?(?:read|popular)|"
    r"advert(?:isement|ising|orial)?|ad[_-]?(?:slot|unit|container|wrapper|box|banner|label|placeholder)|dfp|"
    r"sponsor(?:ed)?|promo(?:tion)?s?|"
    r"share(?:[_-]?(?:bar|buttons?|tools?|links?))?|social(?:[_-]?(?:share|bar|links?|media))?|comments?|disqus|"
    r"conversation|viafoura|"
    r"breadcrumbs?|cookie(?:s|[_-]?(?:banner|consent|notice))?|paywall|subscribe|subscription|signup|sign[_-]up|"
    r"outbrain|taboola|skip[_-]?link|sr[_-]only|visually[_-]?hidden|print[_-]?only|author[_-]?(?:bio|card|box)|"
    r"(?:image|photo|media|wp)[_-]?caption(?:[_-]text)?|cutline|(?:image|photo|media|picture)[_-]?credits?|"
    r"caption|figcaption|legende|credit[_-]?photo|video[_-]?(?:player|embed|title|caption|playlist)|tags|"
    r"tag[_-]list)(?:$|[\s_-])",
    re.IGNORECASE,
)

# What stands above links to other stories, and nowhere else.
_RELATED = (
    r"(?:(?:related|recommended|suggested|trending|more|similar|latest|further|other|associated)"
    r"(?: (?:stor(?:y|ies)|videos?|articles?|content|links?|topics?|coverage|reading|headlines|products?|"
    r"(?:[\w.]+ )?(?:news|stories|headlines)|from .{1,40}|on this(?: (?:story|topic))?))?|"
    r"(?:see|read|you (?:may|might)) also(?: (?:like|be interested in))?|(?:[\w.]+ )?top stories|"
    r"sur le même (?:sujet|thème)|dans la même (?:rubrique|catégorie)|(?:à lire|lire|voir|à voir)(?: aussi| également)|"
    r"aussi à lire|(?:articles?|textes?|liens?|nouvelles|contenus?|sujets?|produits?) "
    r"(?:liés?|liées|connexes?|associés?|recommandée?s?|similaires?|utiles)|"
    r"(?:nos )?autres (?:articles|nouvelles|textes|titres)|nos (?:suggestions|recommandations)|à ne pas manquer|"
    r"en lien|(?:nos|les) plus (?:lus|populaires)|pour aller plus loin|ces articles pourraient vous intéresser|"
    r"vous aimerez(?: peut-être)? aussi)\s*:?"
)

_LINES = (
    # advertising and scrolling aids
    r"article content|(?:this )?advertisement(?: \d+)?",
    r"advertisement (?:\d+|[\w-]+)?\s*(?:story|article) continues below(?: this ad)?|story continues below.*",
    r"(?:this )?(?:advertisement|ad)|publicité|passer la publicité|la suite après (?:cette|la) publicité",
    r"(?:continue|keep) reading(?: below)?|continued below",
    r"(?:read|see|watch|hear|listen)(?: more| also| next)(?:\s*:.{0,150})?",
    r"(?:read more|lire la suite|en savoir plus|lire l['’]article|continuer la lecture)\s*(?:»|›|→|\.\.\.|…)?",
    r"[•·*>»\s]*(?:à|a) (?:lire|voir|écouter|consulter)(?:(?: aussi| également| ailleurs)\b.{0,200}|\s*:.{0,200})",
    r"[•·*>»\s]*(?:lire|voir) (?:aussi|également)\s*:?.{0,200}",
    _RELATED,
    r"(?:related|recommended|(?:see|also|more) (?:also|read|see|on this|on this story|coverage)|"
    r"(?:related|recommended|similar|more) (?:stories|articles|coverage|reading|links|content|videos|news))"
    r"\s*:.{0,240}",
    r"(?:aussi à lire|sur le même sujet|en lien|(?:textes?|articles?|nouvelles|liens?) connexes?)\s*:.{0,240}",
    r"(?:read|learn|find out) more (?:about|on|in|here|at)\b.{0,160}",
    r"[•·*>»\s]*(?:lisez|regardez|écoutez) (?:aussi|également)\b.{0,200}",
    r"[•·*>»\s]*(?:(?:lisez|lire|voir) (?:(?:l['’]|le |la |notre |nos |les )[\w’' ]{1,30})?(?:«|:).{0,200})",
    r"recommended (?:from editorial|for you|by our partners)|(?:most|plus) (?:read|popular|lus|populaires)",
    r"editor['’]s picks?|top stories|top videos",
    # gates of a paywall, and boxes that ask for an address
    r"you(?: have|['’]ve) (?:read|used|reached) .{0,60}free (?:articles?|stories)\b.{0,80}",
    r"you are reading a free (?:article|preview|story)\b.{0,60}",
    r"(?:this|the) (?:content|article|story) is (?:only )?(?:available|accessible) (?:only )?(?:to|for) (?:our )?"
    r"subscribers(?: only)?\.?",
    r"(?:subscribe|sign in|log in|register)(?: now| today)? to (?:keep|continue|read|unlock|access)\b.{0,80}",
    r"start your (?:free )?(?:trial|subscription)\b.{0,60}|poursuivez votre lecture\b.{0,60}",
    r"ce (?:contenu|texte|reportage) est (?:exclusif|réservé) (?:à nos|aux) abonnés.*",
    r"il vous reste \d.{0,60}gratuits?\b.{0,60}|déjà abonnée?\s?\?.{0,60}|already a (?:subscriber|member)\?.{0,60}",
    r"by (?:providing|submitting|entering|clicking) (?:your|the|on|submit|sign)\b.{0,200}",
    r"there was an error, please .{0,80}|thank(?:s| you) for (?:signing up|subscribing)\b.{0,60}",
    r"a welcome e-?mail is on its way.{0,80}|the next issue of .{1,80} in your inbox\.?",
    r"we encountered an issue signing you up.{0,60}|we have sent .{0,60}e-?mail.{0,60}",
    r"don['’]t miss .{0,80}\b(?:subscribe|sign up|newsletter)\b.{0,80}",
    r"(?:our |the |get |join )?(?:[\w'’-]{1,20} ){0,4}newsletter|l['’]infolettre(?: [\w'’-]{1,20}){0,4}",
    r"click here to (?:subscribe|sign up|read|view|see|watch|listen|register|donate)\b.{0,120}",
    r"(?:have|got) an? (?:news |story )?(?:tip|idea)\?.{0,120}",
    r"do you have (?:something to add|a (?:news )?tip)\b.{0,120}",
    r"what do you think\? .{0,80}comments?\.?|vous avez (?:vu|trouvé|repéré) une (?:erreur|coquille)\b.{0,80}",
    r"(?:report|spot(?:ted)?) (?:an?|the) (?:error|typo)\b.{0,60}|signaler une erreur.{0,40}",
    r"(?:leave|post|add) a comment|laisser un commentaire",
    r"open this photo in gallery:?|view image in full ?screen|\[e-?mail\s?protected\]|trending(?: now)?",
    r"this article (?:was published|is) more than .{1,30}(?: ago| old)\b.{0,120}",
    r"(?:read|lire)\s*:.{0,150}|watch (?:below|above|now)\s*:?.{0,200}",
    r"(?:article|story|text) continues? below\b.{0,60}",
    r"(?:la suite|le texte|texte|l['’]article|le contenu).{0,40} (?:sous|après) (?:la|cette) (?:publicité|pub)\.?",
    r"(?:regardez|voyez|écoutez) (?:la vidéo|le reportage|l['’](?:entrevue|extrait|épisode|article))\b.{0,140}",
    # asking for something
    r"(?:get (?:daily|the (?:day['’]s|latest)|breaking|weekly) .{0,120}(?:news(?:letter)?|inbox|headlines|"
    r"alerts?)\.?)",
    r"(?:sign up|subscribe|register|inscrivez-vous|abonnez-vous)\b.{0,160}(?:newsletter|inbox|infolettre|"
    r"alerts?|news|courriel)s?\b.{0,160}",
    r".{0,120}[.!?] (?:sign up|subscribe|register|inscrivez-vous|abonnez-vous)"
    r"(?: (?:here|now|today|ici|maintenant))?\.?",
    r"get .{1,80} (?:in(?:to)?|straight to|delivered to) your (?:inbox|mailbox|e-?mail)\b.{0,80}",
    r"recevez .{1,100} (?:dans votre (?:boîte|courriel)|par courriel)\b.{0,80}",
    r"subscribe(?: now)?|s['’]abonner|abonnez-vous|sign up|sign in|log in|create an account|connectez-vous",
    r"no thanks|non merci|unsubscribe|se désabonner",
    r"our website is the place for the latest breaking news.*",
    r"(?:you can )?support our (?:journalism|work) by .*",
    r"(?:we independently select everything we recommend|reviews and recommendations are unbiased)\b.*",
    r"il vous reste \d+[.,]?\d*\s*% de cet article à lire\b.*",
    r"(?:la suite|cet article) est réservée? (?:à nos|aux) abonnés.*",
    r"this (?:article|content|story) is (?:reserved )?for subscribers only.*",
    r"this copy is for your personal,? non-commercial use only\b.*|to order presentation-ready copies\b.*",
    r"(?:get local stories you|be among the first to read breaking stories|enable push notifications)\b.{0,160}",
    r"read the full story in the app|lire la suite dans l['’]application",
    r"we apologize,? but this video has failed to load\.?.*|try refreshing your browser.*|back to video",
    r"tap here to see other videos.*|click to play video.*|loading (?:articles|comments|…|\.\.\.).*",
    r"already have an account\?.*|(?:monthly|weekly|annual) (?:digital )?subscription|read this article for free\s*:?",
    r"or|ou",
    r"\$\d+(?:\.\d\d)? (?:per|a) (?:week|month)\b.{0,60}|hey there, time traveller!|enjoying this story\?.*",
    r"this article was published \d.{0,120}no longer be current\.?|by signing up,? you agree to .*|e-?mail address",
    r"you are receiving this message because .*|vous recevez ce message parce que .*|(?:sign up|inscrivez-vous) here",
    r"(?:read|lire) (?:the full release|le communiqué)|stay connected|restez branchés",
    # sharing and talking
    r"(?:share|partager)(?: (?:this|cet)(?: (?:article|story|page))?)?(?: (?:on|sur|via|in|by|par) .{0,60})?",
    r"share this article in your social network",
    r"(?:copy link|copier le lien|facebook|twitter|x|email|courriel|linkedin|whatsapp|reddit|pinterest|print|"
    r"imprimer|tumblr)(?:\s+(?:facebook|twitter|x|email|linkedin|whatsapp|reddit|print))*",
    r"\(?\d*\)? ?(?:view |show |voir les )?comment(?:s|aires?)?",
    r"(?:join|be the first to|start) the (?:conversation|discussion|comment).*|welcome to the discussion\..*",
    r"image beacon|view comments|\d+ (?:comments?|commentaires?)",
    r"(?:be (?:nice|truthful|proactive|civil|respectful)|keep it clean|share with us|don['’]t threaten|"
    r"soyez (?:poli|respectueux|courtois))\b[^.!]{0,40}[.!](?: .{0,200})?",
    r"[—–-] ?.{1,60}\(@\w{1,30}\).{0,40}",
    r"[•·*\s]*(?:e-?mail|courriel|twitter|x|instagram)\s*:\s*[\w.@+-]+(?:\s*\|\s*(?:e-?mail|twitter|x|"
    r"instagram)\s*:?\s*[\w.@+-]+)*",
    r"(?:watch|listen|video|vidéo|regardez|écoutez)\s*:.{0,200}",
    r"the post .{1,250} (?:appeared first|first appeared) on .{1,100}",
    # furniture of the head
    r"[\W_]+|[0-9a-f]{32,64}|(?:[a-z]{3,4}\.?,? )?[a-zéû]{3,9}\.? \d{1,2}, \d{4}|\d{1,2}(?:er)? [a-zéû]{3,9}\.? \d{4}",
    r"(?:date modified|date de modification|durée)\s*:?\s*\d.{0,20}|\d+ minutes?|(?:[\w-]+-badge ?)+",
    r"(?:last )?(?:updated|modified|posted|published|mis à jour|publié)(?: (?:on|le|at|à))?\s*:? "
    r"(?:[a-zé]{3,9}\.? \d{1,2}, |"
    r"\d{1,2} [a-zéû]{3,9}\.? \d{4}|\d{4}-\d\d|\d{1,2}[:h]\d\d|\d+ (?:hour|minute|day|heure|jour)s?\b).{0,60}",
    r"temps de lecture\s*:.{0,20}|\d+ ?(?:min(?:ute)?s?\.?) ?(?:read|de lecture)|listen to this article",
    r"écouter l['’]article",
    r"(?:début|fin) du contenu(?: principal)?\.?|(?:start|beginning|end) of (?:the )?(?:main )?content\.?",
    r"(?:posted|filed|publié|classé) (?:in|under|dans|sous) .{1,60}? (?:by|par) .{1,40}",
    r"(?:passer|aller|skip)(?: directement)? (?:au contenu(?: principal)?|to (?:main )?content)",
    r"pic\.twitter\.com/\w+|(?:photo|image) \d+ (?:of|de|sur) \d+",
)
_COMMENTS = re.compile(
    r"\(\d+\) (?:comments?|commentaires?)|(?:comments?|commentaires?|(?:reader|readers['’]) comments|"
    r"commentaires des lecteurs)(?: \(\d+\))?\s*:?|\d+ (?:comments?|commentaires?)",
    re.IGNORECASE,
)
_SMALL_PRINT = re.compile(r"\bmay earn (?:us |an? )?(?:affiliate )?commissions?\b", re.IGNORECASE)  # of sellers
_HEADING = re.compile(_RELATED, re.IGNORECASE)
_LINE = re.compile("|".join(f"(?:{line})" for line in _LINES), re.IGNORECASE)

# The end of a feed's text: who it first appeared with, and where to read on.
_TAIL = re.compile(
    r"\s*(?:the post .{1,300} (?:appeared first|first appeared) on .{1,120}|"
    r"l['’]article .{1,300} est apparu en premier sur .{1,120}|"
    r"cet article .{1,300} est apparu en premier sur .{1,120}|"
    r"\[?(?:…|\.\.\.|&hellip;)?\]?\s*(?:continue reading|read more|read the full (?:article|story)|"
    r"lire la suite|en savoir plus|continuer la lecture)"
    r"(?:\s*[:»›→].{0,120}| [^.!?\n]{0,120})?\s*(?:»|›|→|\.\.\.|…)?)\s*\Z",
    re.IGNORECASE,
)

_TAIL_SIGNS = (  # one of them is in all that `_TAIL` finds
    "appeared",
    "est apparu en premier sur",
    "continue reading",
    "read more",
    "read the full",
    "lire la suite",
    "en savoir plus",
    "continuer la lecture",
)


def heads_related(line: str) -> bool:
    """Says whether the line is a heading of links to other stories: "Related stories", "Sur le même sujet"."""
    line = line.strip()
    return len(line) <= 60 and _HEADING.fullmatch(line) is not None


def heads_comments(line: str) -> bool:
    """Says whether the line stands above what readers wrote: "(3) comments", "Commentaires"."""
    return len(line) <= 40 and _COMMENTS.fullmatch(line.strip()) is not None


def is_boilerplate(line: str) -> bool:
    """Says whether the whole line is one of the phrases publishers put between and around paragraphs."""
    line = line.strip()
    return len(line) <= 400 and bool(_LINE.fullmatch(line) or ("ission" in line and _SMALL_PRINT.search(line)))


def without_tail(text: str) -> str:
    """Returns a feed's text without the lines that programs put under it ("The post … appeared first on …")."""
    for _ in range(3):
        head, _, last = text.rpartition("\n")
        last = " ".join(last.split())
        low = last.lower()
        if len(last) > 600 or not any(sign in low for sign in _TAIL_SIGNS):
            break
        line = _TAIL.sub("", last)
        if line == last:
            break
        # a sentence may run up to the phrase on the same line; what is left of it stays
        text = f"{head}\n{line}".strip() if line.strip(" .…[]") else head.strip()
    return text
