"""What goes wrong on purpose while a block runs, and that it is taken back.

Separate from the targets, which only know how to run: the faults themselves are data of the
profile (loadtests/profiles/faults.py), their effects are judged in comparison/fault_effects.py.
"""
