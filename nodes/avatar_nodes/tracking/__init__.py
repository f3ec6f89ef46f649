"""Tracking: from video of a face to its motion."""
