"""Networks that metrics look through, with other people's weights."""
