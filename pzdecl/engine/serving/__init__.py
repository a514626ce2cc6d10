"""Serving: what a trained model answers, with numpy alone."""
