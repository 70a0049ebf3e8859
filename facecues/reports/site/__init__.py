"""A folder of HTML that opens from a disk, without a server and without the network."""
