"""The mark an issue of ours carries: opaque to strangers, the same again after a restore.

It is computed, never stored first: a record restored from a backup finds the issues that it created later on.
"""

from __future__ import annotations

import base64
import hashlib
import json

LENGTH = 26


def marker(record_id: str, item_uid: str, connector: str, n: int) -> str:
    """The marker of an item's n-th issue in a connector: 26 characters of `a-z2-7`, 130 bits of a SHA-256.

    `n` grows when a person asks for the issue to be created anew. JSON joins the parts, so that ("a", "bc")
    and ("ab", "c") differ.
    """
    parts = json.dumps([record_id, item_uid, connector, n])
    digest = hashlib.sha256(parts.encode("ascii")).digest()
    return base64.b32encode(digest).decode("ascii")[:LENGTH].lower()
