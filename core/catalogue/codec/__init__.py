"""The codec: services of a variant to bytes and back, from compiled data, without odxtools."""

from core.catalogue.codec.dops import Structure
from core.catalogue.codec.parameters import Parameter
from core.catalogue.codec.variant import Decoded, Service, Variant, text_of

__all__ = ["Decoded", "Parameter", "Service", "Structure", "Variant", "text_of"]
