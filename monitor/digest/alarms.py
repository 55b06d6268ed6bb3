"""What the operator must know, as a plain mail."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from monitor.digest.headers import header_text, new_mail
from monitor.digest.plain import wrapped
from monitor.digest.plainly import shortened
from monitor.digest.wording import Phrases
from monitor.text import one_line
from monitor.types import OPERATOR, Alarm, Message

_SUBJECT = 120  # characters


def alarm_mail(
    alarms: Sequence[Alarm],
    *,
    sender: str,
    to: str,
    program: str,
    message_id: str,
    now: datetime,
    language: str = "en",
) -> Message:
    """Returns a mail that tells the operator what needs a hand, oldest first; plain text. `alarms` is never empty.

    Times are in UTC, as in the logs. ValueError where `sender` or `to` is no address.
    """
    phrases = Phrases(language)
    first = one_line(alarms[0].text)
    subject = shortened(
        header_text(phrases.count("alarms", len(alarms), program=one_line(program), first=first)), _SUBJECT
    )
    lines: list[str] = []
    for alarm in alarms:
        at = f"{alarm.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        lines += wrapped(f"{at} · {phrases.say(f'alarm {alarm.kind.value}')}")
        lines += [*wrapped(one_line(alarm.text), first="  ", then="  "), ""]
    lines += wrapped(phrases.say("alarm more"))
    mail = new_mail(sender=sender, to=to, subject=subject, message_id=message_id)
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["X-Mailer"] = header_text(program)
    mail.set_content("\n".join(lines) + "\n", cte="quoted-printable")
    mail["Content-Language"] = phrases.language
    return Message(
        message_id=message_id,
        digest_id=OPERATOR,
        to=to,
        slot=f"now-{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}",
        subject=subject,
        raw=mail.as_bytes(),
    )
