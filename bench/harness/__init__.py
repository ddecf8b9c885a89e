"""What bench/run.py is made of: standard library only."""
