"""What tools/train_motion.py trains, and how."""
