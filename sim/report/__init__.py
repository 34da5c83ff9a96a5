"""What a scenario's run looked like, for people: figures, pictures, and one HTML file that needs nothing else."""
