"""How services are asked over the web: by the settings alone, whatever else the machine has.

Imported when something is asked.
"""

import os

from requests import Session

CERTIFICATES = "SSL_CERT_FILE"
"""Environment variable: a file of certificates that are trusted in place of the usual ones; files
that are read by ranges follow it, too."""


def by_settings_only(session: Session) -> Session:
    """The session, without .netrc, proxies and other certificates than those of CERTIFICATES.

    A proxy would be told where is looked, and a .netrc sends its log-ins to whatever it names.
    """
    session.trust_env = False
    session.verify = os.environ.get(CERTIFICATES) or True
    return session
