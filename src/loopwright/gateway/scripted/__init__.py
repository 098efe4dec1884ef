"""A scripted model: replies from a YAML file, in whichever tools and wire format a request offers."""
