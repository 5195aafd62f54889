"""Access to a unit: securityAccess (0x27) and authentication (0x29). No maker's algorithm is in here, and none is kept.

    yield from open_access(vehicle, unit, address, policy)      what the data asks for, before a unit is changed
    access_problem(methods, policy, now)                  what is missing for it, before anything is sent

A method is a name in the diagnostic data. Behind it stands a `Signer` (methods.py): the garage's algorithm, a program
of the workshop (process.py), or whatever the workbench hands in, e.g. an online signature.
"""

from core.diagnosis.security.access import AccessRules, access_problem, authenticate_early, method_of, open_access
from core.diagnosis.security.authenticate import authenticate, end_authentication
from core.diagnosis.security.identity import Identity, load_identity
from core.diagnosis.security.methods import BUILT_IN, KEY, PROOF, SecurityMethods, Signer
from core.diagnosis.security.process import ProcessSigner
from core.diagnosis.security.unlock import unlock

__all__ = [
    "BUILT_IN",
    "KEY",
    "PROOF",
    "AccessRules",
    "Identity",
    "ProcessSigner",
    "SecurityMethods",
    "Signer",
    "access_problem",
    "authenticate",
    "authenticate_early",
    "end_authentication",
    "load_identity",
    "method_of",
    "open_access",
    "unlock",
]
