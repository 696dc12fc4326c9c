"""What the events mean: live models, cases, conformance, drift and predictions."""
