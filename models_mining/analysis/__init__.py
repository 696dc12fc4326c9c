"""Analysis of logs while they are mined: drift and predictions."""
