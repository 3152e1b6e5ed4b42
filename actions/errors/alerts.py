"""Alert rules and channels that are not there, or no more as they were seen."""

from actions.errors.base import DoplatformError


class AlertRuleNotFound(DoplatformError):
    """There is no such alert rule; nothing was changed."""

    code = "alert_rule_not_found"


class AlertChannelNotFound(DoplatformError):
    """There is no such alert channel; nothing was changed."""

    code = "alert_channel_not_found"


class AlertChannelDisabled(DoplatformError):
    """The channel is disabled, so nothing was sent. Enable it first."""

    code = "alert_channel_disabled"


class AlertNotFound(DoplatformError):
    """There is no such alert; it may have been pruned."""

    code = "alert_not_found"
