"""Alerts in the console: what is watched for, where it is told, and what became of it.

listed    rules, channels and the newest alerts; the log; one alert with its deliveries
ruled     rules: made, changed, paused, resumed, removed
confirm   asks why before either is paused, disabled or removed
channels  made, given another address, tested, disabled, enabled, removed
"""
