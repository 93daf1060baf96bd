"""In which order test files run."""

LONG = ("browser", "crash", "slow", "no_cover")


def pytest_collection_modifyitems(items):
    """Files with long tests come first: one that begins last would keep one processor waiting."""
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG))}
    items.sort(key=lambda item: item.path not in long)
