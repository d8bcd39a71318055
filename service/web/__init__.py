"""HTTP in and out: each handler parses, calls one verb and responds."""
