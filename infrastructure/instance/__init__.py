"""What runs inside AWS besides the function: the artefacts, and how an instance installs one."""
