"""The job queue and the workers that empty it: imports, trainings, deployments."""
