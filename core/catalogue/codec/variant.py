"""One ECU variant ready for use: its services encode requests and decode answers (ISO 22901-1, 7.3.5). Pure.

Values are physical: numbers, texts, bytes, dicts for structures, lists for fields, (name, values) for table rows and
multiplexers, DtcText for trouble codes. Text comes raw from the file or the unit: clean it at the roof.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.catalogue.codec.dops import Structure
from core.catalogue.codec.layer import Layer
from core.catalogue.codec.parameters import CodedConst, MatchingRequest, Parameter, PhysConst
from core.catalogue.codec.values import DecodeState, EncodeState, Mismatch
from core.catalogue.model import DtcText
from core.errors import CatalogueError, DataInvalid, DataMissing, ValueRefused
from core.vocabulary import EnvironmentValue


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message that was understood: by which service, as which REQUEST or RESPONSE, with which values."""

    service: str
    message: str
    is_request: bool
    is_negative: bool
    values: dict[str, Any]
    leaves: tuple[EnvironmentValue, ...]  # every single value, structures and fields flattened
    environment: tuple[EnvironmentValue, ...]  # those of ENV-DATA; without ENV-DATA all but the trouble code


class Service:
    """A DIAG-SERVICE: one request and the answers that may follow it."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        self.name: str = data["name"]
        self.title: str = data.get("title") or self.name
        self.semantic: str = data.get("sem", "")
        self.is_functional: bool = data.get("func", False)
        self._request: int | None = data.get("req")
        self._positive: list[int] = data["pos"]
        self._negative: list[int] = data["neg"]
        self._layer = layer
        self._prefixes: dict[int, bytes] = {}

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What may be given when encoding the request, in the order of the message."""
        return () if self._request is None else tuple(p for p in self.request.parameters if p.settable)

    @property
    def request(self) -> Structure:
        if self._request is None:
            raise DataInvalid(f"{self.name} has no request.", place=self.name)
        return self._layer.structure(self._request)

    @property
    def request_prefix(self) -> bytes:
        """The constant bytes that every request of this service begins with."""
        return b"" if self._request is None else self._prefix_of(self._request)

    def encode(self, **values: Any) -> bytes:
        """The request. Raises ValueRefused for a missing, unknown or impossible value."""
        state = EncodeState()
        self.request.encode(values, state)
        return bytes(state.data)

    def encode_text(self, values: Mapping[str, str]) -> bytes:
        """Like `encode`, with every value as text as a person writes it (0x.. allowed, bytes as hex)."""
        by_name = {item.name: item for item in self.parameters}
        unknown = [name for name in values if name not in by_name]
        if unknown:
            raise ValueRefused(f"{self.name} has no parameter {unknown[0]!r}.", f"It has: {', '.join(by_name)}.")
        return self.encode(**{name: by_name[name].parse(text) for name, text in values.items()})

    def encode_response(self, request: bytes, index: int = 0, /, *, negative: bool = False, **values: Any) -> bytes:
        """The `index`-th positive (or negative) answer to `request`: what a simulated unit says."""
        chosen = (self._negative if negative else self._positive)[index]
        state = EncodeState(request=request)
        self._layer.structure(chosen).encode(values, state)
        return bytes(state.data)

    def decode_request(self, pdu: bytes) -> dict[str, Any]:
        """The values of a request of this service. Raises DataInvalid where the message does not fit."""
        return _decode(self.request, pdu)[0]

    def decode_response(self, pdu: bytes) -> dict[str, Any]:
        """The values of a positive or negative answer. Raises DataInvalid where no answer of the data fits."""
        return self.decode(pdu, requests=False).values

    def decode(self, pdu: bytes, *, requests: bool = True, responses: bool = True) -> Decoded:
        """The first message of this service, answers first, whose constant bytes fit and whose values decode."""
        reason: DataInvalid | None = None
        for index, is_request, is_negative in self._candidates(requests, responses):
            prefix = self._prefix_of(index)
            if pdu[: len(prefix)] != prefix:
                continue
            structure = self._layer.structure(index)
            try:
                message = _decode(structure, pdu)
            except DataInvalid as error:
                reason = reason or (None if isinstance(error, Mismatch) else error)
                continue
            return Decoded(self.name, structure.name, is_request, is_negative, *message)
        why = f" {reason.message}" if reason else ""
        raise DataInvalid(f"{self.name} does not fit the message {pdu[:16].hex(' ')}.{why}", place=self.name)

    def matching_prefix(self, pdu: bytes, *, requests: bool = True, responses: bool = True) -> int:
        """How many constant bytes of one of its messages `pdu` begins with; 0 for none."""
        lengths = [0]
        for index, _, _ in self._candidates(requests, responses):
            prefix = self._prefix_of(index)
            if prefix and pdu[: len(prefix)] == prefix:
                lengths.append(len(prefix))
        return max(lengths)

    def _candidates(self, requests: bool, responses: bool) -> Iterator[tuple[int, bool, bool]]:
        """(structure, is request, is negative), answers first."""
        if responses:
            yield from ((index, False, False) for index in self._positive)
            yield from ((index, False, True) for index in self._negative)
        if requests and self._request is not None:
            yield self._request, True, False

    def _prefix_of(self, index: int) -> bytes:
        if index not in self._prefixes:
            request = b"" if index == self._request else self.request_prefix
            self._prefixes[index] = _prefix(self._layer.structure(index), request)
        return self._prefixes[index]


class Variant:
    """All services of a variant. Structures are built when a service is first used."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.name: str = data["name"]
        self._layer = Layer(data)
        self._raw: dict[str, dict[str, Any]] = {service["name"]: service for service in data["services"]}
        self._built: dict[str, Service] = {}

    @property
    def services(self) -> tuple[str, ...]:
        return tuple(self._raw)

    def service(self, name: str) -> Service:
        """By short name, without regard to case where only one fits. Raises DataMissing."""
        if name not in self._raw:
            close = [known for known in self._raw if known.casefold() == name.casefold()]
            if len(close) != 1:
                raise DataMissing(f"{self.name} has no service {name!r}.", "`passbay data check` lists the services.")
            name = close[0]
        if name not in self._built:
            self._built[name] = Service(self._raw[name], self._layer)
        return self._built[name]

    def decode(self, pdu: bytes, *, requests: bool = True, responses: bool = True) -> Decoded:
        """The message by the service with the most constant bytes in common. Raises DataInvalid where none fits."""
        ranked: list[tuple[int, int, Service]] = []
        for name in self._raw:
            length = self.service(name).matching_prefix(pdu, requests=requests, responses=responses)
            if length:
                ranked.append((-length, len(ranked), self.service(name)))
        for _, _, service in sorted(ranked, key=lambda entry: entry[:2]):
            try:
                return service.decode(pdu, requests=requests, responses=responses)
            except DataInvalid:
                continue
        raise DataInvalid(f"No service of {self.name} fits the message {pdu[:16].hex(' ')}.", place=self.name)

    def decode_request(self, pdu: bytes) -> dict[str, Any]:
        """The values of a request, by whichever service it is of. Raises DataInvalid."""
        return self.decode(pdu, responses=False).values

    def decode_response(self, pdu: bytes) -> dict[str, Any]:
        """The values of an answer, by whichever service it is of. Raises DataInvalid."""
        return self.decode(pdu, requests=False).values

    def describe(self, pdu: bytes) -> str:
        """One line: service and values, e.g. "Coding_Read: Language=German". "" where the data does not know it."""
        try:
            decoded = self.decode(pdu)
        except CatalogueError:
            return ""
        title = self.service(decoded.service).title
        values = ", ".join(f"{leaf.name}={leaf.value}{' ' + leaf.unit if leaf.unit else ''}" for leaf in decoded.leaves)
        return f"{title}: {values}" if values else title

    def decode_dtc_environment(self, pdu: bytes) -> tuple[EnvironmentValue, ...]:
        """The values of a ReportDTCSnapshot (59 04) or extended data (59 06) answer, flattened, without the DTC.

        Raises DataInvalid where the data does not describe the record: show the bytes then.
        """
        return self.decode(pdu, requests=False).environment


_Leaves = tuple[EnvironmentValue, ...]


def _decode(structure: Structure, pdu: bytes) -> tuple[dict[str, Any], _Leaves, _Leaves]:
    """Values by name; all single values; those that belong to the environment of a trouble code."""
    state = DecodeState(bytes(pdu))
    values = structure.decode(state)
    within = state.environment or [(0, len(state.journal))]
    leaves, environment = [], []
    for index, (item, value) in enumerate(state.journal):
        if _is_leaf(item, value):
            leaves.append(EnvironmentValue(item.title, text_of(value), item.unit))
            if not isinstance(value, DtcText) and any(first <= index < last for first, last in within):
                environment.append(leaves[-1])
    return values, tuple(leaves), tuple(environment)


def _is_leaf(item: Parameter, value: Any) -> bool:
    if isinstance(item, CodedConst | PhysConst | MatchingRequest):
        return False
    return value is not None and not isinstance(value, dict | list | tuple)


def text_of(value: Any) -> str:
    """A decoded value as a technician reads it: bytes as hex, a trouble code by its display."""
    if isinstance(value, bytes | bytearray):
        return value.hex(" ").upper()
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, DtcText):
        return f"{value.display} {value.text}".rstrip()
    return str(value)


def _prefix(structure: Structure, request_prefix: bytes) -> bytes:
    """The constant bytes at the start of a message, matching bytes of the request included."""
    state = EncodeState(request=request_prefix)
    for item in structure.parameters:
        known = isinstance(item, MatchingRequest) and item.request_position < len(request_prefix)
        if not known and not isinstance(item, CodedConst | PhysConst):
            break
        try:
            item.encode(None, state, given=False)
        except ValueRefused:  # a matching parameter that reaches behind the constant bytes of the request
            break
    return bytes(state.data)
