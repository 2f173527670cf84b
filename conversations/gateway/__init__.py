"""The endpoints below /v1: clients of other vendors' protocols, one base URL in front of every provider."""
