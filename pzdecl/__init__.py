"""pzdecl: Terraform for recommenders, with the recommender built in."""

__version__ = "0.1.0"
