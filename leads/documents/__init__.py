"""What is written for people: vector files, styles and the sheet."""
