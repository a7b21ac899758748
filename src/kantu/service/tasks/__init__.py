"""POST /v1/tasks/{task}: typed results with confidence and boxes."""
