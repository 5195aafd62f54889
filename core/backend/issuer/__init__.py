"""What the back end signs: StartKeys, answers to checks, job tickets; and the keys it signs with."""
