"""A real provider: requests and answers pass through, and are read on the side."""
