"""Tests of intake: any bytes become a Submission or the right refusal."""
