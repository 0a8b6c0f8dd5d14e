"""`python -m ec2_app`: what the systemd unit starts."""

import sys

from ec2_app.server import main

if __name__ == "__main__":
    sys.exit(main())
