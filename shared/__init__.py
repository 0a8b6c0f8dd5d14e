"""The customer-data service: what both platforms run.

Ships whole into the Lambda zip (through chalice_app/vendor/shared) and to the EC2 instance, so it
imports nothing else of this repository and holds no command line, fixtures or development tools.
"""
