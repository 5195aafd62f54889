"""Bus traces: reading and writing in the formats of python-can and in pcapng, decoding offline. No screen."""

from core.trace.decode import decode, find_vin
from core.trace.files import FORMATS, SUFFIXES, TraceWriter, open_writer, read_trace

__all__ = ["FORMATS", "SUFFIXES", "TraceWriter", "decode", "find_vin", "open_writer", "read_trace"]
