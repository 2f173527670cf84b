"""The pages about performance: all figures, one route, one request, one statement."""
