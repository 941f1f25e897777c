"""ModelSpec and data in, Design out: columns, grouping factors, response, and the state that replays them."""
