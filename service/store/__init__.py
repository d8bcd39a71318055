"""All SQL: plain synchronous functions over a Connection; `database` alone knows threads.

No function here commits: whoever calls `Database.write` owns the transaction.
"""
