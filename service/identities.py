"""Signing in by an identity at a provider, and linking one to somebody who is here already."""
