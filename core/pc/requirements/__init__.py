"""What a PC must have (R1-R5): profiles as data, facts as this system tells them, a pure judge between them."""

from core.pc.requirements.facts import PcFacts, Terminal, read_facts
from core.pc.requirements.judge import judge
from core.pc.requirements.profiles import Profile, profile, profile_names

__all__ = ["PcFacts", "Profile", "Terminal", "judge", "profile", "profile_names", "read_facts"]
