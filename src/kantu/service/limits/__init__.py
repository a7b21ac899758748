"""How much a key may use in a minute and a day."""
