"""What is known of items, users and events, as inputs of models: see `pzdecl.engine.serving.features`."""
