"""Programs that do what the service does, written as others would: what ours is compared with."""
