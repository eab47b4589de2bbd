"""What a candidate test has to hold before anybody is shown it."""
