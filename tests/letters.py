"""Letters that came back, as the mail servers of this world write them; invented, each with what it is about."""

import textwrap
from collections.abc import Sequence

READER = "reader@newsroom.test"
OURS = "<3f9a0c51d2@roxham.test>"
TOKEN = "dGhpcyBpcyBub3QgYSByZWFsIHRva2Vu"  # noqa: S105
_HEADERS = f"""\
    Return-Path: <roxham@roxham.test>
    Subject: =?utf-8?q?Pupitre_fronti=C3=A8res=3A_3_nouvelles?=
    From: Roxham <roxham@roxham.test>
    To: {READER}
    Message-ID: {OURS}
    List-Unsubscribe: <mailto:roxham@roxham.test?subject=unsubscribe%20{TOKEN}>
    """
HEADERS = textwrap.dedent(_HEADERS)


def letter(headers: str, body: str) -> bytes:
    """A letter as it comes over the wire."""
    return f"{textwrap.dedent(headers).strip()}\n\n{body}".replace("\n", "\r\n").encode()


def report(
    *,
    final: str | None = READER,
    original: str | None = None,
    action: str = "failed",
    status: str | None = "5.1.1",
    words: str | None = "smtp; 550 5.1.1 <reader@newsroom.test>: Recipient address rejected: User unknown",
    quoted: str = HEADERS,
    kind: str = "text/rfc822-headers",
    more: Sequence[str] = (),
) -> bytes:
    """A delivery status notification (RFC 3464), as Postfix writes it."""
    fields = {
        "Final-Recipient": final and f"rfc822; {final}",
        "Original-Recipient": original and f"rfc822;{original}",
        "Action": action,
        "Status": status,
        "Remote-MTA": "dns; mx.newsroom.test",
        "Diagnostic-Code": words,
    }
    group = "\n".join(f"{name}: {value}" for name, value in fields.items() if value)
    groups = "\n\n".join((f"Reporting-MTA: dns; mail.roxham.test\nArrival-Date: {DATE}", group, *more))
    return letter(
        """\
        Return-Path: <>
        From: MAILER-DAEMON@mail.roxham.test (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: roxham@roxham.test
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
        \tboundary="4Bx7Pz.1763800000/mail.roxham.test"
        Message-Id: <20261122080000.ABCDEF@mail.roxham.test>
        """,
        "This is a MIME-encapsulated message.\n\n"
        "--4Bx7Pz.1763800000/mail.roxham.test\nContent-Description: Notification\n"
        "Content-Type: text/plain; charset=us-ascii\n\n"
        "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
        "--4Bx7Pz.1763800000/mail.roxham.test\nContent-Description: Delivery report\n"
        f"Content-Type: message/delivery-status\n\n{groups}\n\n"
        f"--4Bx7Pz.1763800000/mail.roxham.test\nContent-Type: {kind}\n\n{quoted}\n"
        "--4Bx7Pz.1763800000/mail.roxham.test--\n",
    )


DATE = "Sun, 22 Nov 2026 07:00:00 -0500 (EST)"

GMAIL = letter(
    f"""\
    From: Mail Delivery Subsystem <mailer-daemon@googlemail.test>
    To: roxham@roxham.test
    Auto-Submitted: auto-replied
    Subject: Delivery Status Notification (Failure)
    X-Failed-Recipients: {READER}
    In-Reply-To: {OURS}
    Content-Type: multipart/report; boundary="000000000000a1b2"; report-type=delivery-status
    """,
    '--000000000000a1b2\nContent-Type: multipart/related; boundary="000000000000c3d4"\n\n'
    '--000000000000c3d4\nContent-Type: multipart/alternative; boundary="000000000000e5f6"\n\n'
    '--000000000000e5f6\nContent-Type: text/plain; charset="UTF-8"\n\n** Address not found **\n\n'
    '--000000000000e5f6\nContent-Type: text/html; charset="UTF-8"\n\n<b>Address not found</b>\n\n'
    '--000000000000e5f6--\n--000000000000c3d4\nContent-Type: image/png; name="icon.png"\n'
    "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--000000000000c3d4--\n--000000000000a1b2\n"
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.test\n\n"
    f"Final-Recipient: rfc822; {READER}\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; mx.newsroom.test. (192.0.2.7, the server for the domain newsroom.test.)\n"
    "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n"
    " 550-5.1.1 double-checking the recipient's email address for typos or\n 550 5.1.1 unnecessary spaces.\n"
    f"--000000000000a1b2\nContent-Type: message/rfc822\n\n{HEADERS}\nThe text.\n--000000000000a1b2--\n",
)

EXCHANGE = letter(
    """\
    From: postmaster@newsroom.test
    To: roxham@roxham.test
    Content-Type: multipart/report; report-type=delivery-status;
    \tboundary="_7b1e_mail_"
    Content-Language: fr-CA
    Subject: =?iso-8859-1?Q?Non_remis=A0=3A_Pupitre_fronti=E8res?=
    Auto-Submitted: auto-generated
    """,
    '--_7b1e_mail_\nContent-Type: multipart/alternative; differences=Content-Type; boundary="_alt_"\n\n'
    '--_alt_\nContent-Type: text/plain; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\n'
    "Echec de la remise =E0 ces destinataires :\n--_alt_--\n"
    "--_7b1e_mail_\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns;MX01.newsroom.test\nReceived-From-MTA: dns;mail.roxham.test\n\n"
    f"Final-Recipient: rfc822;{READER}\nAction: failed\nStatus: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\n"
    f"\n--_7b1e_mail_\nContent-Type: message/rfc822\n\n{HEADERS}\n--_7b1e_mail_--\n",
)

EXIM = letter(
    f"""\
    From: Mail Delivery System <Mailer-Daemon@mail.roxham.test>
    To: roxham@roxham.test
    Subject: Mail delivery failed: returning message to sender
    Auto-Submitted: auto-replied
    X-Failed-Recipients: {READER}
    Content-Type: text/plain; charset=utf-8
    """,
    "This message was created automatically by mail delivery software.\n\n"
    "A message that you sent could not be delivered to one or more of its\n"
    "recipients. This is a permanent error. The following address(es) failed:\n\n"
    f"  {READER}\n    host mx.newsroom.test [192.0.2.7]\n"
    f"    SMTP error from remote mail server after RCPT TO:<{READER}>:\n"
    "    550 Unknown user\n\n------ This is a copy of the message, including all the headers. ------\n\n"
    f"{HEADERS}\nThe text.\n",
)

QMAIL = letter(
    """\
    From: MAILER-DAEMON@mail.roxham.test
    To: roxham@roxham.test
    Subject: failure notice
    """,
    "Hi. This is the qmail-send program at mail.roxham.test.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    f"<{READER}>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
    f"--- Below this line is a copy of the message.\n\n{HEADERS}\nThe text.\n",
)

TEXT_ONLY = letter(
    """\
    From: postmaster@newsroom.test
    Content-Type: multipart/mixed; boundary=b
    Subject: Returned
    """,
    "--b\n\nIt came back.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a.test\n\n"
    f"Final-Recipient: rfc822; {READER}\nAction: failed\nStatus: 5.2.1\n"
    f"--b\n\nThe beginning of your message:\n\n> From: Roxham <roxham@roxham.test>\n> Message-ID: {OURS}\n",
)

VACATION = letter(
    f"""\
    From: {READER}
    To: roxham@roxham.test
    Subject: Out of office: unsubscribe {TOKEN}
    Auto-Submitted: auto-replied (vacation)
    """,
    f"unsubscribe {TOKEN}\n",
)

READ_RECEIPT = letter(
    """\
    Subject: Read: Border desk
    Content-Type: multipart/report; report-type=disposition-notification; boundary=b
    """,
    f"--b\n\nRead.\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: {OURS}\n--b--\n",
)

ANSWER = letter(
    f"""\
    From: {READER}
    Subject: Re: Border desk: 3 stories
    Content-Type: text/plain; charset=utf-8
    """,
    f"Thank you, that helps.\n\nOn Sunday Roxham wrote:\n> ...\n> unsubscribe {TOKEN}\n",
)
