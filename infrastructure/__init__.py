"""CloudFormation for what we measure, and the code that deploys, inspects and removes it."""
