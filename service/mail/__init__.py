"""Stage: letters and the mail server they go to; nothing of the database."""
