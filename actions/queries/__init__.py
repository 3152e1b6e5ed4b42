"""What can be seen: reads for pages and commands. Nothing here changes a row, and each costs the same at any size."""
