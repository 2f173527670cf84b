"""The offline catalogue of models and prices, from the package genai-prices."""
