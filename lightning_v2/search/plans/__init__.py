"""Plans made, measured and chosen."""
