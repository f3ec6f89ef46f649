"""A run as a page and an API: to be watched, and to have its dials turned while it runs."""
