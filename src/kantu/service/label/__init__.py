"""The label of generated content in the gateway: the header of answers, and who hears that less is labelled."""
