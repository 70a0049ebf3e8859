"""Other people's methods: declared in methods.yaml, run as programs over the clips of a store, or found as videos."""
