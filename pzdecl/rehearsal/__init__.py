"""Trying a project on a scratch copy: what a plan would do to recommendations, and tests of projects.

`rehearse` applies a plan to a copy of the engine and of the state, and tells how metrics and lists move.
`testing` runs test files (`*.pztest.yaml`) on an engine of their own. Neither touches what is really there.
"""
