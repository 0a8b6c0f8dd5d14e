"""Functions that the emulator's tests run, each in a zip of its own.

Lambda's runtime interface client loads them, so none may import anything of this project.
"""
