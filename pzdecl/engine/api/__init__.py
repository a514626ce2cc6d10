"""The operations of the API, a file a resource family; requests are checked against the service model first."""
