"""Human review: what people are shown, what they answered, and how far they agree."""
