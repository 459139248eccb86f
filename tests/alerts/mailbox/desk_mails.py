"""What desks and mail servers write back: replies, auto-replies and delivery reports about a letter of ours."""

from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

DESK = "partner-cs@vendor.example"


def reply(
    to: str = "claims@reseller.example", answers: str = "", sender: str = DESK, subject: str = "Re", **headers: str
) -> bytes:
    """A mail of a person at the desk; `answers`: a Message-ID. Underscores in the names of `headers` are hyphens."""
    message = EmailMessage()
    message["From"] = f"The desk <{sender}>"
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{abs(hash((to, answers, sender, subject)))}@vendor.example>"
    if answers:
        message["In-Reply-To"] = answers
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("We have it. Credit granted: 1,000,000.00 USD.\n")
    return message.as_bytes()


def report(
    returned: str, action: str = "failed", reader: str = DESK, diagnostic: str = "smtp; 550 5.1.1 no such user"
) -> bytes:
    """A mail server's delivery report (RFC 3464) on the letter with this Message-ID."""
    message = MIMEMultipart("report", **{"report-type": "delivery-status"})
    message["From"] = "Mail Delivery System <mailer-daemon@mx.vendor.example>"
    message["To"] = "claims@reseller.example"
    message["Subject"] = "Delivery Status Notification"
    message["Auto-Submitted"] = "auto-replied"
    message["Message-ID"] = f"<report-{abs(hash((returned, action, reader)))}@mx.vendor.example>"
    message.attach(MIMEText("Your message could not be delivered.\n"))
    status = MIMEBase("message", "delivery-status")
    server, each = EmailMessage(), EmailMessage()
    server["Reporting-MTA"] = "dns; mx.vendor.example"
    each["Final-Recipient"] = f"rfc822; {reader}"
    each["Action"] = action
    each["Status"] = "5.1.1"
    each["Diagnostic-Code"] = diagnostic
    status.attach(server)
    status.attach(each)
    message.attach(status)
    letter = EmailMessage()
    letter["From"] = "claims@reseller.example"
    letter["Message-ID"] = returned
    letter.set_content("Dear desk\n")
    message.attach(MIMEMessage(letter))
    return message.as_bytes()
