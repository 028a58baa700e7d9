"""What runs on the student's side: no test, no verdict, no reference; it is copied to where they are not."""
