"""Rules: what is watched for, and who is told.

create, change, pause (and resume), remove   what people do
wanted   a rule as somebody wants it, checked before it is kept
"""
