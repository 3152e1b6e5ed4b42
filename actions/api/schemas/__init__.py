"""What comes in and goes out, as types: the OpenAPI document is made of them, and bodies are checked by them."""
