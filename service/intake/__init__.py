"""Untrusted bytes → Submission: every check of what an author sent happens here, none of it I/O.

`body` reads JSON and forms, `submission` their fields (with `email`, `page` and `url`), `address`
the client's address, `challenge` the tokens that tell a person's browser from a script.
"""
