"""One file per room, contracts/ for what has more than one implementation, end to end at last."""
