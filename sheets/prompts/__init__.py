"""Invitations to answer a sheet, by schedule or action, and their form."""
