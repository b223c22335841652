"""Holds the OpenAPI documents and the running services against each other."""
