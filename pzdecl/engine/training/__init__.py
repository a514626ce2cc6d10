"""Training: the split, the algorithms, the metrics, and the files of a model."""
