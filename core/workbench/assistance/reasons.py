"""Why a visit is over, or was not begun, in words that screens and pages say in their reader's language."""

from __future__ import annotations

LOGGED_OUT = "logged out in the browser"
DOOR_CLOSED = "the door was closed"
NOT_LET_IN_IN_TIME = "not let in in time"
TIME_OVER = "its time was over: a new log-in is needed"
NOBODY_THERE = "nobody was there any more"
UNCONFIRMED = "the back end could not be asked whether the log-in still holds"
LOGIN_ENDED = "the log-in has ended"
OTHER_USER = "another user is logged in on this PC now"

# a refusal and what to do about it
TOO_MANY_LOGINS = ("Too many log-ins were begun.", "Wait a minute, then try once more.")
TOO_MANY_VISITORS = ("Too many visitors are here already.", "Ask the technician to end a visit.")
NO_FORM = ("The form did not arrive.", "Send it once more.")
