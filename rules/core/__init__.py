"""How rules are evaluated: pure, it reads no table and no clock."""
