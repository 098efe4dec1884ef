"""The three wire formats: reading requests, writing replies, watching answers pass by."""
