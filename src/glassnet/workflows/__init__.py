"""What every face of glassnet shares: train, examine, find a model, walk through an explanation."""
