"""The job runner: performs what a job (a generator of commands.py) asks for, times it, and ends it safely."""

from core.diagnosis.runner.drive import CancelToken
from core.diagnosis.runner.running import RunningJob, run, start

__all__ = ["CancelToken", "RunningJob", "run", "start"]
