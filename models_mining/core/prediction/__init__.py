"""Prediction of next steps and remaining times."""
