"""API keys and service accounts in the console: never anything of a key's text, but once.

listed    the list, and the page of one key
made      create, rotate, revoke
accounts  service accounts: create, disable, enable
"""
