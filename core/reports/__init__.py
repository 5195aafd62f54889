"""A vehicle's history and the protocol of an order.

    history.py    append-only lines with a hash chain, a folder per VIN; verifying it
    witness.py    what one job did, seen from outside, as an entry of the history
    order.py      the entries of one order as one protocol: first quick test, measures, last quick test
    text.py, page.py    the protocol for people: text, self-contained HTML
    lookup.py     which order is meant

Reads no vehicle and starts no job.
"""
