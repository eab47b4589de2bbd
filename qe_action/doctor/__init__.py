"""Collects the facts that `qe_action.diagnosis` judges, and shows what it says of them."""
