"""The simulated process: the Markov chain, the walk of cases through it, and what can be computed of it."""
