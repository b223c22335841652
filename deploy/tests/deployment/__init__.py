"""`make deploy-test`: the images, the compose file and a rolling restart, on a Docker engine."""
