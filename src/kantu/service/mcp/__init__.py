"""POST /mcp: tasks as tools of the Model Context Protocol, over stateless streamable HTTP."""
