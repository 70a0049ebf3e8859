"""`facecues evaluate`: videos of methods against real ones, with everything kept that a table can be made of."""
