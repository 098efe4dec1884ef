"""A recorded model: the answers of an earlier run, given again to the requests that are the same."""
