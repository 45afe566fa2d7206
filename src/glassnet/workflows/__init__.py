"""What every face of glassnet shares: finding a model, reports of a run, the guide through an explanation."""
