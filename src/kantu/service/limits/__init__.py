"""How much a key, a person or a group may use in a minute and a day."""
