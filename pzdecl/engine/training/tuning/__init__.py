"""Looking for good hyperparameters (performHPO) and for the best of several recipes (performAutoML)."""
