"""What every face of glassnet shares: training into a run folder, finding a model, the guide, reports."""
