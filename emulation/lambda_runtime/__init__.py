"""A folder for PYTHONPATH: what an emulated Lambda runtime needs where awslambdaric lacks it."""
