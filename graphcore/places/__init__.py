"""Where nodes run: this process and child processes, and who watches them."""
