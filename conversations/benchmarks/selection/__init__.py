"""How good the choice of models is, by simulated users, and how long it takes."""
