"""How the built-in model is made; shares its parts with fine-tuning."""
