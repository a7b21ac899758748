"""Tasks as tools of the Model Context Protocol: what stdio and HTTP share, and stdio.

What is here and not about stdio knows no model and no service: the gateway uses it too (`kantu.service.mcp`).
"""
