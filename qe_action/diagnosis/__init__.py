"""What a set-up's facts mean: findings, what will work, and what to add. Pure.

A new check is one function and one line in `checks.CHECKS`.
"""
