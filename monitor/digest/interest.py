"""What of an article concerns a subscription: its topics, and the languages it wants."""

from monitor.types import Kept, Match, Relation, Subscription


def matches(article: Kept, subscription: Subscription) -> tuple[Match, ...]:
    """Returns the article's matches for the subscription's topics, in its order; mentions last, if it wants any."""
    by_topic = {match.topic_id: match for match in article.matches if subscription.mentions or not match.mention}
    found = (by_topic[topic] for topic in dict.fromkeys(subscription.topics) if topic in by_topic)
    return tuple(sorted(found, key=lambda match: match.mention))


def is_mention(article: Kept, subscription: Subscription) -> bool:
    """Says whether the article tells of none of the subscription's topics but in passing."""
    return all(match.mention for match in matches(article, subscription))


def is_wanted(article: Kept, subscription: Subscription) -> bool:
    """Says whether the article is about a topic and in a language that the subscription wants, or in an unknown one."""
    languages = {primary(language) for language in subscription.languages}
    language = primary(article.language)
    return bool(matches(article, subscription)) and (not languages or not language or language in languages)


def is_living(article: Kept) -> bool:
    """Says whether the article can be told: neither withdrawn nor the notice that withdraws."""
    return not article.withdrawn and article.relation is not Relation.KILL


def primary(language: str | None) -> str:
    """Returns the language without its region, as languages are compared: "fr" of "fr-CA"; empty for an unknown one."""
    return (language or "").partition("-")[0].lower()
