"""A diagnostic layer of odxtools as the plain data that codec/ builds from. Child process only.

Every DOP, structure and table is written once and referred to by index. What cannot be carried over becomes an entry
of kind "none" with the name of the ODX element, and a line in `unsupported`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.catalogue.codec.compu import value_to_json
from core.catalogue.odx.types import coded_type_data, compu_data

Data = dict[str, Any]


class Pool:
    """Collects what the services of one layer need."""

    def __init__(self) -> None:
        self.dops: list[Data] = []
        self.tables: list[Data] = []
        self.unsupported: set[str] = set()
        self._dop_index: dict[int, int] = {}
        self._table_index: dict[int, int] = {}

    def layer(self, layer: Any) -> Data:
        """Everything of one layer, ready for `codec.Variant`."""
        services = [self._service(service, layer) for service in layer.services]
        return {"name": layer.short_name, "services": services, "dops": self.dops, "tables": self.tables}

    def dop(self, dop: Any) -> int:
        """The index of a DOP, written when first met. The place is reserved first: structures may be recursive."""
        known = self._dop_index.get(id(dop))
        if known is not None:
            return known
        index = self._dop_index[id(dop)] = len(self.dops)
        self.dops.append({})
        kind = type(dop).__name__
        build = _DOP_KINDS.get(kind)
        data = build(self, dop) if build else self._none(kind)
        self.dops[index] = {"name": getattr(dop, "short_name", ""), **data}
        return index

    def _none(self, what: str) -> Data:
        self.unsupported.add(what)
        return {"k": "none", "what": what}

    def _service(self, service: Any, layer: Any) -> Data:
        data: Data = {
            "name": service.short_name,
            "title": service.long_name or "",
            "pos": [self.dop(response) for response in service.positive_responses],
            "neg": [self.dop(response) for response in service.negative_responses],
        }
        # ISO 22901-1, 7.3.5.5: the layer's global negative responses hold for every service
        data["neg"] += [self.dop(response) for response in layer.global_negative_responses]
        if service.request is not None:
            data["req"] = self.dop(service.request)
        if service.semantic:
            data["sem"] = service.semantic
        if "FUNCTIONAL" in service.addressing.value and "PHYSICAL" not in service.addressing.value:
            data["func"] = True
        return data

    def _structure(self, structure: Any) -> Data:
        data: Data = {"k": "struct", "params": [self._parameter(item) for item in structure.parameters]}
        if getattr(structure, "byte_size", None) is not None:
            data["size"] = structure.byte_size
        return data

    def _parameter(self, item: Any) -> Data:
        build = _PARAMETER_KINDS.get(item.parameter_type)
        data = build(self, item) if build else None
        if data is None:
            self.unsupported.add(f"{item.parameter_type} parameter")
            data = {"k": "unsupported"}
        data["name"] = item.short_name
        for key, value in (("title", item.long_name), ("sem", item.semantic), ("bit", item.bit_position)):
            if value:
                data[key] = value
        if item.byte_position is not None:
            data["pos"] = item.byte_position
        return data

    def _coded_const(self, item: Any) -> Data:
        ct = coded_type_data(item.diag_coded_type)
        return {"k": "const", "ct": ct, "value": value_to_json(item.coded_value)}

    def _nrc_const(self, item: Any) -> Data:
        values = [value_to_json(value) for value in item.coded_values]
        return {"k": "nrc", "ct": coded_type_data(item.diag_coded_type), "values": values}

    def _value(self, item: Any) -> Data:
        data: Data = {"k": "value", "dop": self.dop(item.dop)}
        if item.physical_default_value is not None:
            data["default"] = value_to_json(item.physical_default_value)
        return data

    def _phys_const(self, item: Any) -> Data:
        return {"k": "phys", "dop": self.dop(item.dop), "default": value_to_json(item.physical_constant_value)}

    def _matching(self, item: Any) -> Data:
        return {"k": "match", "from": item.request_byte_position, "len": item.byte_length}

    def _reserved(self, item: Any) -> Data:
        return {"k": "reserved", "n": item.bit_length}

    def _length_key(self, item: Any) -> Data:
        return {"k": "lenkey", "dop": self.dop(item.dop)}

    def _table_key(self, item: Any) -> Data | None:
        if item.table.key_dop is None:
            return None
        data: Data = {"k": "tabkey", "table": self._table(item.table)}
        if item.table_row is not None:
            data["row"] = item.table_row.short_name
        return data

    def _table_struct(self, item: Any) -> Data | None:
        key = item.table_key
        if key.table.key_dop is None:
            return None
        data: Data = {"k": "tabstruct", "key": key.short_name, "table": self._table(key.table)}
        if key.table_row is not None:
            data["row"] = key.table_row.short_name
        return data

    def _table(self, table: Any) -> int:
        known = self._table_index.get(id(table))
        if known is not None:
            return known
        index = self._table_index[id(table)] = len(self.tables)
        self.tables.append({})
        rows = []
        for row in table.table_rows:
            content = row.structure if row.structure is not None else row.dop
            rows.append([row.short_name, value_to_json(row.key), None if content is None else self.dop(content)])
        self.tables[index] = {"name": table.short_name, "key": self.dop(table.key_dop), "rows": rows}
        return index

    def _simple(self, dop: Any) -> Data:
        compu = compu_data(dop.compu_method)
        if compu["k"] == "code":
            self.unsupported.add("COMPUCODE")
        data: Data = {"k": "simple", "ct": coded_type_data(dop.diag_coded_type), "cm": compu}
        if dop.unit is not None:
            data["unit"] = dop.unit.display_name or dop.unit.short_name
        return data

    def _dtc(self, dop: Any) -> Data:
        rows = [
            [dtc.trouble_code, dtc.short_name, dtc_display(dtc), dtc.text.text if dtc.text else "", dtc.level]
            for dtc in dop.dtcs
        ]
        compu = compu_data(dop.compu_method)
        return {"k": "dtc", "ct": coded_type_data(dop.diag_coded_type), "cm": compu, "dtcs": rows}

    def _item_of(self, field: Any) -> Any:
        """A field repeats a structure; repeating an ENV-DATA-DESC is legal ODX that odxtools does not read."""
        return field.structure

    def _end_of_pdu(self, field: Any) -> Data:
        return {"k": "eop", "item": self.dop(self._item_of(field))}

    def _dynamic_length(self, field: Any) -> Data:
        counter = field.determine_number_of_items
        count = {"byte": counter.byte_position, "bit": counter.bit_position or 0, "dop": self.dop(counter.dop)}
        return {"k": "dynlen", "item": self.dop(self._item_of(field)), "offset": field.offset, "count": count}

    def _end_marker(self, field: Any) -> Data:
        marker = self.dop(field.dyn_end_dop)
        item = self.dop(self._item_of(field))
        return {"k": "endmark", "item": item, "dop": marker, "value": value_to_json(field.termination_value)}

    def _static(self, field: Any) -> Data:
        item = self.dop(self._item_of(field))
        return {"k": "static", "item": item, "count": field.fixed_number_of_items, "size": field.item_byte_size}

    def _multiplexer(self, mux: Any) -> Data:
        cases = [
            [case.short_name, *_case_limits(mux, case), None if case.structure is None else self.dop(case.structure)]
            for case in mux.cases
        ]
        data: Data = {
            "k": "mux",
            "byte": mux.byte_position,
            "key": {
                "byte": mux.switch_key.byte_position,
                "bit": mux.switch_key.bit_position or 0,
                "dop": self.dop(mux.switch_key.dop),
            },
            "cases": cases,
        }
        if mux.default_case is not None:
            content = mux.default_case.structure
            data["default"] = [mux.default_case.short_name, None if content is None else self.dop(content)]
        return data

    def _environment(self, description: Any) -> Data:
        if description.param_snref is None:
            return self._none("ENV-DATA-DESC with a PARAM-SNPATHREF")
        data: Data = {"k": "env", "param": description.param_snref, "cases": []}
        for environment in description.env_datas:
            index = self.dop(environment)
            if environment.all_value:
                data.setdefault("all", index)
            if environment.dtc_values:
                data["cases"].append([list(environment.dtc_values), index])
        return data


def _case_limits(mux: Any, case: Any) -> list[Any]:
    """Both ends of a case in the type of the key; an end that is left open reaches as far as 64 bits go."""
    parse = mux.switch_key.dop.physical_type.base_data_type.from_string
    low, high = case.lower_limit.value_raw, case.upper_limit.value_raw
    return [
        value_to_json(parse(low) if low is not None else -(1 << 63)),
        value_to_json(parse(high) if high is not None else 1 << 64),
    ]


def dtc_display(dtc: Any) -> str:
    """What a scan tool shows: DISPLAY-TROUBLE-CODE, else derived from the number (SAE J2012-DA)."""
    from core.protocol.dtc import display

    return dtc.display_trouble_code or display(dtc.trouble_code & 0xFFFFFF)


_DOP_KINDS: dict[str, Callable[[Pool, Any], Data]] = {
    "DataObjectProperty": Pool._simple,
    "DtcDop": Pool._dtc,
    "Structure": Pool._structure,
    "Request": Pool._structure,
    "Response": Pool._structure,
    "EnvironmentData": Pool._structure,
    "EnvironmentDataDescription": Pool._environment,
    "Multiplexer": Pool._multiplexer,
    "EndOfPduField": Pool._end_of_pdu,
    "DynamicLengthField": Pool._dynamic_length,
    "DynamicEndmarkerField": Pool._end_marker,
    "StaticField": Pool._static,
}

_PARAMETER_KINDS: dict[str, Callable[[Pool, Any], Data | None]] = {
    "CODED-CONST": Pool._coded_const,
    "NRC-CONST": Pool._nrc_const,
    "VALUE": Pool._value,
    "PHYS-CONST": Pool._phys_const,
    "MATCHING-REQUEST-PARAM": Pool._matching,
    "RESERVED": Pool._reserved,
    "LENGTH-KEY": Pool._length_key,
    "TABLE-KEY": Pool._table_key,
    "TABLE-STRUCT": Pool._table_struct,
}
