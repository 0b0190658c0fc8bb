"""The host's tools: from frames on a port to verified rows and what people see (stages 9 to 11)."""
