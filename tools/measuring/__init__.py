"""What `measure_motion.py` measures with: each file judges one side of a motion."""
