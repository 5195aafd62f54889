"""The process of one writer of the ledger campaign: `python -m tests.campaign.charges_writer JSON`."""

import json
import sys

from tests.campaign.charges import Task, work

if __name__ == "__main__":
    work(Task(**json.loads(sys.argv[1])))
