"""What users of quantised voices complain of."""
