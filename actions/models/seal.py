"""Seals over the audit: append-only by triggers, signed with a key that the database does not know."""

from django.db import models


class Seal(models.Model):
    """One link of the chain: every entry whose (xid, id) lies from the previous seal's horizon up to this one's.

    Written by engine/seal.py alone; engine/chain.py says what is signed.
    """

    number = models.BigIntegerField(primary_key=True, help_text="From 1, without gaps.")
    previous = models.CharField(max_length=64, help_text="SHA-256 of the previous seal, its signature included.")
    root = models.CharField(max_length=64, help_text="Merkle root over the entries' hashes, in order of (xid, id).")
    first_xid = models.BigIntegerField()
    first_id = models.BigIntegerField()
    last_xid = models.BigIntegerField()
    last_id = models.BigIntegerField()
    count = models.IntegerField()
    horizon_xid = models.BigIntegerField(help_text="With horizon_id: where the next seal begins.")
    horizon_id = models.BigIntegerField()
    at = models.DateTimeField()
    key = models.CharField(max_length=16, help_text="Id of the key that signed it.")
    signature = models.CharField(max_length=64, help_text="HMAC-SHA256.")
    marks = models.BinaryField(
        help_text="Per entry 8 bytes of its id and 8 of its hash: names the one that was changed."
    )

    def __str__(self) -> str:
        return f"seal {self.number}"
