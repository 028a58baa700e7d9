"""What should have come out, and what well-known mistakes would have given. Not beside a student's code in grading."""
