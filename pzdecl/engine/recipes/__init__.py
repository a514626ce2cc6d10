"""The recipes: their facts and hyperparameters, without the machinery that trains them."""
