"""Checks of what is written about the system: AsyncAPI and OpenAPI documents, pictures, links."""
