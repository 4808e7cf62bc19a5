"""Training: from banks of pairs to weights, one step after another; torch and torchvision."""
