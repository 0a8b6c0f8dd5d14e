"""One module per subcommand of ./compare.py: its flags, its wiring, its output.

The only packages that know all others are this one and compare.py, which registers the commands
and turns their errors into exit codes. Nothing imports this package but compare.py.
"""
