"""What a call graph of Python sources is made of."""
