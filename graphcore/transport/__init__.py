"""A packet between places: messages as bytes, and the channels that carry them."""
