"""What all trainings share: epochs, and what is kept of them."""
