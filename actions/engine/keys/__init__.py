"""API keys: made, shown once, looked at with every request, rotated and revoked.

authenticate  who a request comes from, by its key's text
limit         how often a key may ask
create        a new key of a service account or a user; its text is in the answer and nowhere else
rotate        a second one beside it, and an end for the first
callback      whom the ends of what is asked with it are told to
revoke        refused from now on, everywhere within a second
accounts      service accounts: made, disabled, enabled
scopes        what a key may do, as texts
"""

from actions.engine.keys.authenticate import authenticate
from actions.engine.keys.key import Key
from actions.engine.keys.limit import limit

__all__ = ["Key", "authenticate", "limit"]
