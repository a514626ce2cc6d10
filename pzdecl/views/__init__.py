"""What users look at: plans, runs, metrics and errors as text, JSON, Markdown and annotations."""
