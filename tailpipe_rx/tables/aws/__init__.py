"""Tables of AWS logs."""
