"""What a teacher and the students use: assignments, their checks, the autograder."""
