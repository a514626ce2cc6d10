"""What comes in one by one: events, items and users that Put* operations wrote, and what follows."""
